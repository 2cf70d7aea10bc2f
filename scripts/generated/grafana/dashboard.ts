/** A panel: what it shows, and the lines in it. */
export interface Panel {
  title: string;
  /** Shown at the panel's corner; says what to think of it. */
  says?: string;
  /** A unit of Grafana's: `short`, `s`, `bytes`, `percentunit`, `ops` (a second). */
  unit: 's' | 'bytes' | 'percentunit' | 'ops' | 'short';
  lines: readonly { expr: string; legend: string }[];
  /** From here on it is drawn as a warning, then as critical. */
  bounds?: { warning: number; critical?: number };
  /** A single number instead of a course. */
  stat?: true;
}

/** Panels stand in rows, up to three beside each other. */
export interface Dashboard {
  uid: string;
  title: string;
  rows: readonly { title: string; panels: readonly Panel[] }[];
}

const WIDTH = 24;
const HEIGHT = 8;
const SOURCE = { type: 'prometheus', uid: '${source}' };

/** Only series of the chosen fleet. */
export const FLEET = 'namespace=~"$namespace"';

/** Grafana's JSON of a dashboard; the same description gives the same text. */
export function renderDashboard({ uid, title, rows }: Dashboard): string {
  const panels: object[] = [];
  let y = 0;
  for (const row of rows) {
    panels.push({ id: panels.length + 1, type: 'row', title: row.title, collapsed: false, gridPos: { x: 0, y: y++, w: WIDTH, h: 1 }, panels: [] });
    const w = WIDTH / row.panels.length;
    row.panels.forEach((panel, i) => panels.push(renderPanel(panel, panels.length + 1, { x: i * w, y, w, h: HEIGHT })));
    y += HEIGHT;
  }
  return `${JSON.stringify({
    uid, title, tags: ['sluice'], schemaVersion: 39, version: 1, editable: false, graphTooltip: 1, refresh: '10s', time: { from: 'now-1h', to: 'now' },
    templating: { list: [
      { name: 'source', label: 'Prometheus', type: 'datasource', query: 'prometheus', current: {} },
      { name: 'namespace', label: 'Fleet', type: 'query', datasource: SOURCE, query: { query: 'label_values(up{job="sluice"}, namespace)', refId: 'namespace' }, refresh: 2, multi: true, includeAll: true, allValue: '.*', current: { text: 'All', value: '$__all' } },
    ] },
    links: [{ type: 'dashboards', tags: ['sluice'], title: 'Sluice', asDropdown: false, includeVars: true, keepTime: true }],
    panels,
  }, null, 2)}\n`;
}

function renderPanel({ title, says, unit, lines, bounds, stat }: Panel, id: number, gridPos: object): object {
  const steps = [{ color: 'green', value: null as number | null }];
  if (bounds !== undefined) steps.push({ color: 'orange', value: bounds.warning });
  if (bounds?.critical !== undefined) steps.push({ color: 'red', value: bounds.critical });
  return {
    id, type: stat ? 'stat' : 'timeseries', title, ...(says === undefined ? {} : { description: says }), datasource: SOURCE, gridPos,
    fieldConfig: { defaults: { unit, min: 0, thresholds: { mode: 'absolute', steps }, custom: stat ? {} : { fillOpacity: 10, showPoints: 'never', thresholdsStyle: { mode: bounds === undefined ? 'off' : 'line' } } }, overrides: [] },
    options: stat ? { colorMode: 'background', graphMode: 'area', reduceOptions: { calcs: ['lastNotNull'] } } : { legend: { displayMode: 'list', placement: 'bottom' }, tooltip: { mode: 'multi', sort: 'desc' } },
    targets: lines.map(({ expr, legend }, i) => ({ refId: String.fromCharCode(65 + i), datasource: SOURCE, expr, legendFormat: legend })),
  };
}
