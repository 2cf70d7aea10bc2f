import type { OPTION_NAMES } from '../upload/options.ts';
import type { Schema } from './schemas.ts';

const whole = (minimum: number, maximum: number): Schema => ({ type: 'integer', minimum, maximum });

/** What each option of a large batch takes; services/gateway/upload/options.ts reads them, and takes capitals as well. */
export const optionSchemas = (maxParallelism: number): Record<(typeof OPTION_NAMES)[number], Schema> => ({
  priority: { enum: ['high', 'normal', 'low'], default: 'normal' },
  parallelism: whole(1, maxParallelism),
  checkpointInterval: whole(1, 10_000_000),
  enableCheckpointing: { type: 'boolean', default: true },
  errorPolicy: { type: 'string', pattern: '^(continue|stop|[0-9]{1,2}(\\.[0-9]{1,3})?%|100%)$', default: 'continue' },
  deadline: { type: 'string', pattern: '^([1-9][0-9]{0,7}ms|[1-9][0-9]{0,4}s?|[1-9][0-9]{0,3}m|([1-9][0-9]?|1[0-5][0-9]|16[0-8])h)$', description: 'A time such as 90s, 30m or 4h, up to 168h.' },
  maxRetryAttempts: { ...whole(0, 100), default: 3 },
  tags: { type: 'string', pattern: '^([A-Za-z0-9._-]{1,64}(,[A-Za-z0-9._-]{1,64}){0,15})?$', description: 'At most 16 names with commas between.' },
  start: { enum: ['auto', 'manual'], default: 'auto' },
});
