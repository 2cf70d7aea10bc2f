import type { NamedStatement } from './flush.ts';

/**
 * Who sent how much lately, the most items first: $1 the least id of a batch (ids of batches begin with their time), $2 how many clients.
 * Rows: client, batches, items, its valid keys as JSON: id, roles, rate and requests in flight that it may have.
 */
export const CLIENTS_SINCE: NamedStatement = {
  name: 'clients-since',
  text: `
with lately as (select client, count(*)::int as batches, sum(requested)::int8 as items from batch where id >= $1::uuid group by client order by 3 desc, client limit $2::int)
select l.client, l.batches, l.items, coalesce(k.keys, '[]'::jsonb)
from lately l left join lateral (
  select jsonb_agg(jsonb_build_object('id', id, 'roles', roles, 'ratePerSecond', rate_per_second, 'maxInFlight', max_in_flight) order by created_at) as keys
  from api_key where client = l.client and revoked_at is null and (expires_at is null or expires_at > now())) k on true
order by l.items desc, l.client`,
};
