/** The figures of a node's /metrics by name, summed over their labels. */
export async function scrape(url: string): Promise<Record<string, number>> {
  const figures: Record<string, number> = {};
  for (const line of (await (await fetch(url)).text()).split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const name = line.slice(0, line.search(/[{ ]/));
    figures[name] = (figures[name] ?? 0) + Number(line.slice(line.lastIndexOf(' ') + 1));
  }
  return figures;
}
