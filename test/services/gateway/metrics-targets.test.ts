import { metricsTargets } from '../../../services/gateway/metrics-targets.ts';

const node = (id: string, available = true, metadata: object = { role: 'writer', metrics: `10.0.0.1:${id.length}` }) => ({ id, available, metadata });

test('a node that went silent stays a target, one that stopped in order does not, one without an address never was', () => {
  const nodes = [node('writer-bb'), node('writer-a'), node('lost-ccc', false), node('stopped', false), node('strange', true, {}), node('relay-1', true, { role: 'relay', metrics: 'relay:9464' })];
  expect(metricsTargets(nodes, new Set(['lost-ccc']), 'blue')).toEqual([
    { targets: ['10.0.0.1:8'], labels: { role: 'writer', node: 'lost-ccc', namespace: 'blue' } },
    { targets: ['relay:9464'], labels: { role: 'relay', node: 'relay-1', namespace: 'blue' } },
    { targets: ['10.0.0.1:8'], labels: { role: 'writer', node: 'writer-a', namespace: 'blue' } },
    { targets: ['10.0.0.1:9'], labels: { role: 'writer', node: 'writer-bb', namespace: 'blue' } },
  ]);
});
