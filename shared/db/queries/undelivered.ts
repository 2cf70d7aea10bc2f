import type { NamedStatement } from './flush.ts';

/** Whether something of the batch $1 still waits to be delivered: a row, or none. Statements on the ledger have no name, as those of the relay (relay-take.ts). */
export const UNDELIVERED: NamedStatement = { name: '', text: `select 1 from ledger where batch_id = $1 and state = 'waiting' limit 1` };
