/** A series that an expression names, with what it demands of labels. */
export interface Named {
  name: string;
  /** Label, operator, value. */
  matchers: { label: string; is: string; value: string }[];
}

const WORDS = new Set(['and', 'or', 'unless', 'bool', 'offset', 'inf', 'nan', 'on', 'ignoring', 'group_left', 'group_right', 'by', 'without']);

/**
 * The series that a PromQL expression names. Reads names and matchers alone, which is enough for expressions of the usual form; whether one
 * is well formed is promtool's to say.
 * @throws Error where parentheses, braces or quotes do not pair
 */
export function seriesIn(expression: string): Named[] {
  const strings: string[] = [];
  const plain = expression.replace(/"((?:[^"\\]|\\.)*)"/g, (_, text: string) => `"${strings.push(text) - 1}"`);
  if ((plain.replace(/"\d+"/g, '').includes('"')) || !pairs(plain)) throw new Error(`not well formed: ${expression}`);
  const bare = plain.replace(/\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)/g, ' ').replace(/\[[^\]]*\]/g, ' ');
  const named: Named[] = [];
  for (const { index, 1: name = '', 3: body = '' } of bare.matchAll(/(?<![\w:.])([a-zA-Z_:][\w:]*)(?![\w:])(?!\s*\()\s*(\{([^}]*)\})?/g)) {
    if (WORDS.has(name) || insideBraces(bare, index)) continue;
    named.push({ name, matchers: [...body.matchAll(/([a-zA-Z_]\w*)\s*(=~|!~|!=|=)\s*"(\d+)"/g)].map(([, label = '', is = '', at]) => ({ label, is, value: strings[Number(at)] ?? '' })) });
  }
  return named;
}

function insideBraces(text: string, at: number): boolean {
  return text.lastIndexOf('{', at) > text.lastIndexOf('}', at);
}

function pairs(text: string): boolean {
  const open: string[] = [];
  const closes: Record<string, string> = { ')': '(', '}': '{', ']': '[' };
  for (const sign of text) {
    if ('({['.includes(sign)) open.push(sign);
    else if (sign in closes && open.pop() !== closes[sign]) return false;
  }
  return open.length === 0;
}

/** Whether a label's value is what a matcher demands. */
export function matches({ is, value }: Named['matchers'][number], found: string): boolean {
  const same = is.endsWith('~') ? new RegExp(`^(?:${value})$`).test(found) : found === value;
  return is.startsWith('!') ? !same : same;
}

/** The series of a text in Prometheus' format: name and labels. */
export function readSeries(text: string): { name: string; labels: Record<string, string> }[] {
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('#')).map((line) => {
    const [, name = '', , labels = ''] = /^([\w:]+)(\{(.*)\})?/.exec(line) ?? [];
    return { name, labels: Object.fromEntries([...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, label = '', value = '']) => [label, value])) };
  });
}
