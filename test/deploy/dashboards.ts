import { readdirSync, readFileSync } from 'node:fs';

interface Board {
  uid: string;
  panels: { type: string; title: string; targets?: { expr: string; legendFormat: string }[] }[];
}

const folder = new URL('../../deploy/grafana/dashboards/', import.meta.url);

export const BOARDS = readdirSync(folder).map((file) => ({ file, board: JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as Board }));

/** Every expression of every panel, as Prometheus gets it for all fleets. */
export const PANELS = BOARDS.flatMap(({ board }) => board.panels.flatMap(({ title, targets = [] }) => targets.map(({ expr, legendFormat }) => ({ where: `${board.uid}: ${title}`, expr: expr.replaceAll('$namespace', '.*'), legend: legendFormat }))));
