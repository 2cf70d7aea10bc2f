import type { NamedStatement } from './flush.ts';

/** Changes lane ($3) or parallelism ($4) of a large batch of the client $2 that has not ended; null leaves one as it is. A change that changes nothing is no new version. */
export const TUNE_LARGE: NamedStatement = {
  name: 'tune-large',
  text: `
update large_batch set lane = coalesce($3, lane), parallelism = coalesce($4, parallelism),
  version = version + case when coalesce($3, lane) <> lane or coalesce($4, parallelism) <> parallelism then 1 else 0 end
where id = $1 and client = $2 and state in ('RECEIVING', 'READY', 'RUNNING', 'PAUSED')
returning state, lane, parallelism`,
};

/** Of the large batch $1 of the client $2: kind, state. */
export const LARGE_HEAD: NamedStatement = { name: 'large-head', text: 'select kind, state from large_batch where id = $1 and client = $2' };

/** Notes how many bytes ($2) a whole upload has, as its sender says. */
export const KEEP_UPLOAD_BYTES: NamedStatement = {
  name: 'keep-upload-bytes',
  text: 'update large_batch set upload_bytes = $2 where id = $1 and total is null and upload_bytes is distinct from $2::int8',
};

/** Adds to the time ($2, ms) that parts of a batch were under way. */
export const ADD_CARRIED: NamedStatement = { name: 'add-carried', text: 'update large_batch set carried_ms = carried_ms + $2 where id = $1' };
