import { InvalidArgumentError, Option } from 'commander';

/** `--url` of every command that talks to a running Sluice. */
export function urlOption(): Option {
  return new Option('--url <url>', 'address of Sluice').env('SLUICE_URL').default(new URL('http://127.0.0.1:8080'), 'http://127.0.0.1:8080').argParser(urlOf);
}

function urlOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol)) throw new InvalidArgumentError('It must be an address such as http://127.0.0.1:8080.');
  return url;
}
