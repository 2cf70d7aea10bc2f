/** What one client sent lately. */
export interface ClientUse {
  client: string;
  batches: number;
  items: number;
  /** Of the items of all clients. */
  share: number;
  /** Its valid keys, with what each may in each edge; null: no limit. */
  keys: { id: string; roles: string[]; ratePerSecond: number | null; maxInFlight: number | null }[];
}
