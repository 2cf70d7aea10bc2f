import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** One file of the page for people. */
export interface DocsFile {
  contentType: string;
  bytes: Buffer;
  headers: Record<string, string>;
}

const UI = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
const SCRIPT = 'text/javascript; charset=utf-8';

/** Files of swagger-ui that the page needs; nothing else of the package is served. */
const FROM_PACKAGE: Record<string, string> = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': SCRIPT,
  'favicon-32x32.png': 'image/png',
};

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sluice</title>
<link rel="icon" type="image/png" href="/docs/favicon-32x32.png">
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<div id="docs"></div>
<noscript>The interface is described in <a href="/openapi.json">/openapi.json</a>; this page needs JavaScript to show it.</noscript>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
`;

const START = `SwaggerUIBundle({ url: '/openapi.json', dom_id: '#docs', deepLinking: true, displayRequestDuration: true, validatorUrl: null, defaultModelsExpandDepth: 0 });
`;

const OWN: Record<string, { contentType: string; text: string }> = {
  '': { contentType: 'text/html; charset=utf-8', text: PAGE },
  'start.js': { contentType: SCRIPT, text: START },
};

/**
 * Only this server is asked for anything. Styles may stand inline, for swagger-ui sets some; images may be data, for its
 * style sheet holds some. Scripts may not.
 */
const POLICY = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const HEADERS = { 'Content-Security-Policy': POLICY, 'X-Content-Type-Options': 'nosniff', 'Referrer-Policy': 'no-referrer' };

const kept = new Map<string, Promise<Buffer>>();

/**
 * A file under /docs: the page itself where `name` is undefined or empty.
 * @returns undefined for a name that is no file of the page
 */
export async function docsFile(name: string | undefined): Promise<DocsFile | undefined> {
  const file = name ?? '';
  if (Object.hasOwn(OWN, file)) {
    const own = OWN[file];
    return own === undefined ? undefined : { contentType: own.contentType, bytes: Buffer.from(own.text), headers: { ...HEADERS, 'Cache-Control': 'no-cache' } };
  }
  if (!Object.hasOwn(FROM_PACKAGE, file)) return undefined;
  let bytes = kept.get(file);
  if (bytes === undefined) kept.set(file, (bytes = readFile(join(UI, file))));
  return { contentType: FROM_PACKAGE[file] ?? 'application/octet-stream', bytes: await bytes, headers: { ...HEADERS, 'Cache-Control': 'public, max-age=3600' } };
}
