import { FLEET, type Dashboard } from './dashboard.ts';

/** From the first byte of a request to the commit: where is it slow? */
export const FLOW: Dashboard = {
  uid: 'sluice-flow', title: 'Sluice: flow',
  rows: [
    { title: 'What clients see', panels: [
      { title: 'Requests by status', unit: 'ops', lines: [{ expr: `sum by (status) (sluice:requests:rate5m{${FLEET}})`, legend: '{{status}}' }] },
      { title: 'Time of requests, p99', unit: 's', lines: [{ expr: `topk(8, sluice:request_seconds:p99_5m{${FLEET}})`, legend: '{{route}}' }] },
      { title: 'Items by fate', says: 'Rejected: for what they are. Withdrawn: for load or time, safe to send again.', unit: 'ops', lines: [{ expr: `sum by (kind, outcome) (sluice:items:rate5m{${FLEET}})`, legend: '{{kind}} {{outcome}}' }] },
    ] },
    { title: 'Where it waits', panels: [
      { title: 'Items waiting for a writer', unit: 'short', lines: [{ expr: `sum by (node) (sluice_batcher_queue_items{${FLEET}})`, legend: '{{node}}' }, { expr: `sum by (node) (sluice_batcher_lanes_items{${FLEET}})`, legend: '{{node}}, large batches' }] },
      { title: 'Age of the oldest waiting item', unit: 's', lines: [{ expr: `max by (node) (sluice_batcher_queue_age_seconds{${FLEET}})`, legend: '{{node}} queue' }, { expr: `max by (node) (sluice_batcher_handover_age_seconds{${FLEET}})`, legend: '{{node}} with a writer' }] },
      { title: 'Flush slots in use', says: 'Of the slots that edges may use.', unit: 'short', lines: [{ expr: `sum by (state) (sluice_batcher_slots{${FLEET}})`, legend: '{{state}}' }] },
    ] },
    { title: 'Writers', panels: [
      { title: 'Rows written', unit: 'ops', lines: [{ expr: `sum by (kind) (rate(sluice_writer_rows_total{${FLEET}}[5m]))`, legend: '{{kind}}' }] },
      { title: 'Time of a flush, p99', unit: 's', lines: [{ expr: `sluice:flush_seconds:p99_5m{${FLEET}}`, legend: '{{kind}}' }] },
      { title: 'Rows of a flush, mean', unit: 'short', lines: [{ expr: `sum by (kind) (rate(sluice_writer_flush_rows_sum{${FLEET}}[5m])) / sum by (kind) (rate(sluice_writer_flush_rows_count{${FLEET}}[5m]))`, legend: '{{kind}}' }] },
    ] },
    { title: 'Trouble', panels: [
      { title: 'Flushes tried again', unit: 'ops', lines: [{ expr: `sum by (cause) (rate(sluice_writer_retries_total{${FLEET}}[5m]))`, legend: '{{cause}}' }, { expr: `sum(rate(sluice_writer_exhausted_chunks_total{${FLEET}}[5m]))`, legend: 'on no try' }] },
      { title: 'Event loop, p99', unit: 's', bounds: { warning: 0.1, critical: 0.5 }, lines: [{ expr: `max by (role, node) (sluice_nodejs_eventloop_lag_p99_seconds{${FLEET}})`, legend: '{{role}} {{node}}' }] },
      { title: 'Memory', unit: 'bytes', lines: [{ expr: `max by (role, node) (sluice_process_resident_memory_bytes{${FLEET}})`, legend: '{{role}} {{node}}' }] },
    ] },
  ],
};
