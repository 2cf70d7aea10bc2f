/**
 * Which rows of the ledger are slices of a batch's items. Replays are due to nobody anew, and events tell of a batch as a whole:
 * whoever adds up spans, or what was written or rejected, of the rows of a batch must leave them out. A test holds every
 * statement on the ledger to that (test/shared/db/queries/ledger-ops.test.ts).
 */
export const OF_ITEMS = `op in ('insert', 'update', 'delete', 'process')`;
