/** What a bulk call can meet with. All but the refusals are unknown outcomes to the caller; `-after` means that the orders were stored. */
export const FAULTS = ['none', 'refuse', 'refuse-with-reasons', 'error', 'error-after', 'broken-json', 'die-before', 'die-after', 'hang', 'hang-after', 'shuffle', 'drop'] as const;
export type FaultName = (typeof FAULTS)[number];

/** How the service misbehaves; changed while it runs by PUT /faults. */
export interface TradeFaults {
  /** Before each answer, of bulk calls and of questions. */
  latencyMs: number;
  fault: FaultName;
  /** Share of the bulk calls that the fault strikes. */
  share: number;
  /** Bulk calls it strikes at most, then it is over; -1 for ever. */
  times: number;
  /** Strikes only calls with an order of a security that begins with this; refusals and `drop` concern these orders alone. */
  prefix: string;
  /** Of `error` and `error-after`. */
  status: number;
  /** Share of the questions (GET of trade orders) that are answered with `status`. */
  askErrorShare: number;
}

export const NO_FAULTS: TradeFaults = { latencyMs: 0, fault: 'none', share: 1, times: -1, prefix: '', status: 500, askErrorShare: 0 };

/** The fault that strikes a call with orders of these securities; counts it. */
export function strike(faults: TradeFaults, securityIds: readonly string[], random: () => number): FaultName {
  if (faults.fault === 'none' || faults.times === 0 || random() >= faults.share || !securityIds.some((id) => id.startsWith(faults.prefix))) return 'none';
  if (faults.times > 0) faults.times--;
  return faults.fault;
}

/**
 * What a body of PUT /faults asks for; the rest is as without faults.
 * @throws Error that says which member is wrong
 */
export function readFaults(given: unknown): TradeFaults {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) throw new Error('the faults must be an object');
  for (const [name, value] of Object.entries(given)) {
    const known = NO_FAULTS[name as keyof TradeFaults] as unknown;
    if (known === undefined) throw new Error(`there is no "${name}"; there are ${Object.keys(NO_FAULTS).join(', ')}`);
    if (typeof value !== typeof known) throw new Error(`"${name}" must be a ${typeof known}`);
  }
  const faults = { ...NO_FAULTS, ...given };
  if (!FAULTS.includes(faults.fault)) throw new Error(`there is no fault "${faults.fault}"; there are ${FAULTS.join(', ')}`);
  return faults;
}
