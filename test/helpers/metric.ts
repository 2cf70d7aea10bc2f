import { seriesName } from '../../shared/metrics/metrics.ts';

/** The value of one of Sluice's metrics at an edge, summed over the series whose labels hold all of these. */
export async function metric(url: string, name: string, labels: Record<string, string> = {}): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  return text
    .split('\n')
    .filter((line) => (line.startsWith(`${seriesName(name)} `) || line.startsWith(`${seriesName(name)}{`)) && wanted.every((one) => line.includes(one)))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}
