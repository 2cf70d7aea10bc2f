/** A Markdown table. Cells may hold anything; bars and line breaks are made harmless. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((c) => c.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
  return [line(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n');
}

/** Text as code, or nothing for empty text. */
export function code(text: string): string {
  return text === '' ? '' : `\`${text}\``;
}

/** The line that keeps people from editing a generated file by hand. */
export function generatedFrom(source: string): string {
  return `<!-- Generated from ${source} by \`npm run generate\`; changes made here are lost. -->`;
}
