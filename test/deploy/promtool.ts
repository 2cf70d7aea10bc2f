import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Where promtool is: Debian's package `prometheus` has it, PROMTOOL names another place. Undefined where it is not. */
export const promtool: string | undefined = process.env.PROMTOOL ?? (process.env.PATH ?? '').split(delimiter).map((place) => join(place, 'promtool')).find((path) => existsSync(path));
