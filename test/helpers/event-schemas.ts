import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';

const FOLDER = join(import.meta.dirname, '../../docs/events');

/** What the schema of an event in docs/events finds wrong with a message; nothing where it is good. */
export function schemaOf(type: string): (message: unknown) => string[] {
  const ajv = new Ajv2020({ strict: true, strictTypes: false, strictRequired: false, allErrors: true, formats: { uuid: true, 'date-time': (text: string) => !Number.isNaN(Date.parse(text)) } });
  const validate = ajv.compile(JSON.parse(readFileSync(join(FOLDER, `${type}.schema.json`), 'utf8')) as object);
  return (message) => (validate(message) ? [] : (validate.errors ?? []).map((e) => `${e.instancePath} ${e.message ?? e.keyword}`));
}
