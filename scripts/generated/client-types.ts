import { MikroORM } from '@mikro-orm/postgresql';
import openapiTS, { astToString, type OpenAPI3 } from 'openapi-typescript';
import { buildOpenApi } from '../../services/gateway/openapi/build.ts';
import { readSettings } from '../../shared/config/load.ts';
import { columnsOf } from '../../shared/records/columns.ts';
import { loadKinds } from '../../shared/records/load-kinds.ts';

const HEAD = '// Generated from the OpenAPI document by `npm run generate`; not changed by hand.\n';

/** clients/typescript/src/api.ts: every schema of the OpenAPI document, with the settings as they are by default. */
export async function clientTypes(): Promise<string> {
  const kinds = await loadKinds('');
  const entities = kinds.flatMap((kind) => [kind.entity, ...(kind.lookups ?? [])]);
  const orm = await MikroORM.init({ entities, dbName: 'none', connect: false } as Parameters<typeof MikroORM.init>[0]);
  const document = buildOpenApi(kinds.map((record) => ({ record, columns: columnsOf(orm, record) })), readSettings({}).settings);
  return `${HEAD}${astToString(await openapiTS({ ...closed(document), paths: {} } as OpenAPI3, { defaultNonNullable: false }))}`;
}

/** Unknown members may be null, says the document; as a type that would mean that all members are. */
function closed(document: object): object {
  return JSON.parse(JSON.stringify(document, (name, value: unknown) => (name === 'additionalProperties' && (value as { type?: unknown } | null)?.type === 'null' ? undefined : value))) as object;
}
