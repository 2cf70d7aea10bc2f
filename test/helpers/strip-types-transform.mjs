import { createHash } from 'node:crypto';
import { stripTypeScriptTypes } from 'node:module';

/**
 * Lets Jest load TypeScript as Node itself does: types become spaces, so that lines and columns stay.
 */
export default {
  process: (source, path) => ({ code: `${stripTypeScriptTypes(source)}\n//# sourceURL=${path}` }),
  getCacheKey: (source, path) => createHash('sha256').update(process.version).update('\0').update(path).update('\0').update(source).digest('hex'),
};
