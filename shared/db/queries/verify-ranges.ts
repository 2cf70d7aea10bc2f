/** Pieces of SQL that several statements of verify are made of. */

/** Scope: parameter 1 a batch or null, 2 the smallest batch id or null, 3 the batch id where it ends (not included) or null. */
export const inScope = (column: string) => `($1::uuid is null or ${column} = $1::uuid) and ($2::uuid is null or ${column} >= $2::uuid) and ($3::uuid is null or ${column} < $3::uuid)`;

/** Rejected indexes of a ledger row, each once: `rejects` holds one entry for each fault. */
export const rejectedIndexes = (row: string) => `lateral (select distinct (e->>0)::int as idx from jsonb_array_elements(${row}.rejects) e) x`;
