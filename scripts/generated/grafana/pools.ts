import { FLEET, type Dashboard } from './dashboard.ts';

/** Connections to PostgreSQL, and PostgreSQL itself. */
export const POOLS: Dashboard = {
  uid: 'sluice-pools', title: 'Sluice: pools',
  rows: [
    { title: 'Pools of the nodes', panels: [
      { title: 'Utilization', says: 'Connections in use over the most that the pool may open.', unit: 'percentunit', bounds: { warning: 0.75, critical: 0.9 }, lines: [{ expr: `sluice:pool_utilization:max{${FLEET}}`, legend: '{{node}}' }] },
      { title: 'Waiting for a connection', unit: 'short', bounds: { warning: 1, critical: 5 }, lines: [{ expr: `max by (node) (sluice_pool_connections{${FLEET}, state="waiting"})`, legend: '{{node}}' }] },
      { title: 'Admission breaker', says: '0 closed, 1 half-open, 2 open: then writing requests are refused with Retry-After.', unit: 'short', bounds: { warning: 1, critical: 2 }, lines: [{ expr: `max by (node) (sluice_pool_breaker_state{${FLEET}})`, legend: '{{node}}' }] },
    ] },
    { title: 'Taking a connection', panels: [
      { title: 'Wait, p99', unit: 's', lines: [{ expr: `histogram_quantile(0.99, sum by (pool, le) (rate(db_client_connection_wait_time_seconds_bucket{${FLEET}}[5m])))`, legend: '{{pool}}' }] },
      { title: 'Use, p99', unit: 's', lines: [{ expr: `histogram_quantile(0.99, sum by (pool, le) (rate(db_client_connection_use_time_seconds_bucket{${FLEET}}[5m])))`, legend: '{{pool}}' }] },
      { title: 'Held too long', unit: 'short', bounds: { warning: 1 }, lines: [{ expr: `sum by (node) (sluice_pool_held_connections{${FLEET}})`, legend: '{{node}}' }] },
    ] },
    { title: 'PostgreSQL', panels: [
      { title: 'Connections as PostgreSQL sees them', unit: 'short', lines: [{ expr: `max by (state) (sluice_pool_postgres_connections{${FLEET}})`, legend: '{{state}}' }, { expr: `max(sluice_pool_postgres_max_connections{${FLEET}})`, legend: 'max_connections' }] },
      { title: 'Oldest transaction', unit: 's', bounds: { warning: 10, critical: 60 }, lines: [{ expr: `max(sluice_pool_postgres_longest_transaction_seconds{${FLEET}})`, legend: 'age' }] },
      { title: 'Size', unit: 'bytes', lines: [{ expr: `sluice:database_size_bytes:max{${FLEET}}`, legend: 'database' }, { expr: `max(sluice_database_room_bytes{${FLEET}})`, legend: 'room' }] },
    ] },
  ],
};
