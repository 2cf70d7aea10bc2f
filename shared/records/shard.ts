/** Ids are given out in blocks of this many, aligned; a block belongs to one shard. */
export const ID_BLOCK = 1_024;

/** The shard that delivers a record: neighbours share it, so that a slice of a batch has one. */
export function shardOf(id: number, shards: number): number {
  return Math.floor(id / ID_BLOCK) % shards;
}
