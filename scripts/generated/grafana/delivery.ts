import { FLEET, type Dashboard } from './dashboard.ts';

/** From the ledger to the sinks. */
export const DELIVERY: Dashboard = {
  uid: 'sluice-delivery', title: 'Sluice: delivery',
  rows: [
    { title: 'Now', panels: [
      { title: 'Waiting', unit: 'short', stat: true, lines: [{ expr: `sum by (sink) (sluice:relay_waiting:sum{${FLEET}})`, legend: '{{sink}}' }] },
      { title: 'Oldest', unit: 's', stat: true, bounds: { warning: 300, critical: 1_800 }, lines: [{ expr: `max by (sink) (sluice:relay_lag_seconds:max{${FLEET}})`, legend: '{{sink}}' }] },
      { title: 'Dead letters', unit: 'short', stat: true, bounds: { warning: 1 }, lines: [{ expr: `sum by (sink) (sluice:dead_letters:sum{${FLEET}})`, legend: '{{sink}}' }] },
    ] },
    { title: 'Sending', panels: [
      { title: 'Messages acknowledged', unit: 'ops', lines: [{ expr: `sum by (sink) (sluice:relay_messages:rate5m{${FLEET}})`, legend: '{{sink}}' }] },
      { title: 'Time of a send, p99', unit: 's', lines: [{ expr: `histogram_quantile(0.99, sum by (sink, le) (rate(sluice_relay_send_seconds_bucket{${FLEET}}[5m])))`, legend: '{{sink}}' }] },
      { title: 'Sends by result', unit: 'ops', lines: [{ expr: `sum by (sink, result) (rate(sluice_relay_sends_total{${FLEET}}[5m]))`, legend: '{{sink}} {{result}}' }] },
    ] },
    { title: 'Backlog', panels: [
      { title: 'Waiting records', unit: 'short', lines: [{ expr: `sum by (sink) (sluice:relay_waiting:sum{${FLEET}})`, legend: '{{sink}}' }] },
      { title: 'Age of the oldest', unit: 's', bounds: { warning: 300, critical: 1_800 }, lines: [{ expr: `max by (sink) (sluice:relay_lag_seconds:max{${FLEET}})`, legend: '{{sink}}' }] },
      { title: 'Refused on the last try', unit: 'ops', lines: [{ expr: `sum by (sink) (rate(sluice_relay_exhausted_messages_total{${FLEET}}[5m]))`, legend: '{{sink}}' }] },
    ] },
    { title: 'Relays', panels: [
      { title: 'Shards by owner', unit: 'short', lines: [{ expr: `sum by (node, sink) (sluice_relay_shards_owned{${FLEET}})`, legend: '{{node}} {{sink}}' }] },
      { title: 'Shards without an owner', unit: 'short', bounds: { warning: 1 }, lines: [{ expr: `max by (sink) (sluice_relay_shards_unowned{${FLEET}})`, legend: '{{sink}}' }] },
      { title: 'Breakers', says: '0 closed, 1 half-open, 2 open.', unit: 'short', bounds: { warning: 1, critical: 2 }, lines: [{ expr: `max by (cluster) (sluice_relay_breaker_state{${FLEET}})`, legend: '{{cluster}}' }, { expr: `max(sluice_trade_breaker_state{${FLEET}})`, legend: 'trade service' }] },
    ] },
  ],
};
