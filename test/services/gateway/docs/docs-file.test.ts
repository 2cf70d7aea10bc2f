import { docsFile } from '../../../../services/gateway/docs/docs-file.ts';

const page = async () => (await docsFile(undefined))?.bytes.toString() ?? '';

test('the page is HTML under a policy that lets it ask this server alone', async () => {
  const file = await docsFile(undefined);
  expect(file?.contentType).toBe('text/html; charset=utf-8');
  const policy = file?.headers['Content-Security-Policy'] ?? '';
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("script-src 'self';");
  expect(policy).not.toMatch(/https?:|\*|unsafe-eval/);
});

test('the page has no inline script, and every file it names is served', async () => {
  const text = await page();
  expect(text).not.toMatch(/<script>|\son\w+="/);
  const named = [...text.matchAll(/(?:src|href)="\/docs\/([^"]+)"/g)].map((match) => match[1]);
  expect(named).toHaveLength(4);
  for (const name of named) expect((await docsFile(name))?.bytes.length).toBeGreaterThan(50);
});

test('nothing that the page loads comes from elsewhere', async () => {
  const style = (await docsFile('swagger-ui.css'))?.bytes.toString() ?? '';
  expect(await page()).not.toMatch(/https?:\/\//);
  expect([...style.matchAll(/url\(\s*(?!["']?data:)|@import/g)]).toEqual([]);
  expect((await docsFile('start.js'))?.bytes.toString()).toContain('validatorUrl: null');
});

test.each(['package.json', '../package.json', 'index.html', '__proto__', 'constructor', 'swagger-ui-bundle.js.map'])('%s is no file of the page', async (name) => {
  expect(await docsFile(name)).toBeUndefined();
});
