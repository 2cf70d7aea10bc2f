import type { NamedStatement } from './flush.ts';

/** The statuses of orders: id, abbreviation, description, version. */
export const LIST_STATUSES: NamedStatement = { name: 'list-statuses', text: 'select id, abbreviation, description, version from order_status order by id' };

/** The types of orders: id, abbreviation, description, version. */
export const LIST_ORDER_TYPES: NamedStatement = { name: 'list-order-types', text: 'select id, abbreviation, description, version from order_type order by id' };

/** The blotters: id, name, version. */
export const LIST_BLOTTERS: NamedStatement = { name: 'list-blotters', text: 'select id, name, version from blotter order by id' };
