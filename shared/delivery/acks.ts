/** Acknowledged messages of a partition that took several sends: ids [low, high] among the row's, offset of the first. */
export type AckedIds = [low: number, high: number, base: number];

/** Ids [low, high] of a row of which no message was made. */
export type AbsentIds = [low: number, high: number];

/**
 * What a row's sink has acknowledged: by partition the base offset, or the runs where it took several sends. `left` lists the
 * partitions with messages that are still to be tried, `refused` those with messages that were refused and are to be tried
 * again; before the first try there is nothing at all. `absent` holds the ids of a slice of which no message was made: rejected,
 * superseded or gone. The offset of any other id is its run's base and its rank in the run.
 */
export interface Acks {
  [partition: string]: number | AckedIds[] | number[] | AbsentIds[];
}

/** One refusal of a message. */
export interface Try {
  /** By the database's clock, ISO 8601. */
  at: string;
  code: string;
}
