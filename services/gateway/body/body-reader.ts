import { ProblemError, type ItemFault } from '../../../shared/errors/problem.ts';
import { DUPLICATE_KEY } from '../../../shared/records/sentinels.ts';

const MOST_FAULTS = 20;

/** Takes members out of a small body, and gathers what is wrong with them. Members that are null count as not there, but for flags. */
export class BodyReader {
  protected readonly members: Record<string, unknown>;
  readonly #faults: ItemFault[] = [];

  /** @throws ProblemError 400 `invalid-body` where the body is no object */
  constructor(body: unknown, known: readonly string[]) {
    if (!isObject(body)) throw invalidBody([{ pointer: '', code: 'type', message: 'The body must be an object.' }]);
    this.members = body;
    this.known(body, known, '');
  }

  whole(name: string, min: number, max: number): number | undefined {
    const value = this.members[name] ?? undefined;
    if (value === undefined || (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max)) return value;
    this.fault(`/${name}`, 'range', `${name} must be a whole number from ${min} to ${max}.`);
    return undefined;
  }

  /** False where it is not there. Null is refused: `dryRun: null` must not become the change itself. */
  flag(name: string): boolean {
    const value = this.members[name] === undefined ? false : this.members[name];
    if (typeof value !== 'boolean') this.fault(`/${name}`, 'type', `${name} must be true or false.`);
    return value === true;
  }

  text(name: string, longest: number): string {
    const value = this.members[name] ?? undefined;
    if (value === undefined) this.fault(`/${name}`, 'required', `${name} is required.`);
    else if (!isText(value, longest)) this.fault(`/${name}`, 'length', `${name} must be text of 1 to ${longest} characters.`);
    return isText(value, longest) ? value.trim() : '';
  }

  /** @throws ProblemError 400 `invalid-body` with one error for each fault */
  end(): void {
    if (this.#faults.length > 0) throw invalidBody(this.#faults);
  }

  protected get faultless(): boolean {
    return this.#faults.length === 0;
  }

  protected known(object: Record<string, unknown>, known: readonly string[], at: string): void {
    for (const [name, value] of Object.entries(object)) {
      const pointer = `${at}/${name.slice(0, 64).toWellFormed().replaceAll('~', '~0').replaceAll('/', '~1')}`;
      if (value === DUPLICATE_KEY) this.fault(pointer, 'duplicate-key', 'stands more than once.');
      else if (!known.includes(name) && value !== null) this.fault(pointer, 'unknown-member', known.length === 0 ? 'is not known; nothing is taken here.' : `is not known; known are ${known.join(', ')}.`);
    }
  }

  protected fault(pointer: string, code: string, message: string): void {
    this.#faults.push({ pointer, code, message });
  }
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && (Object.getPrototypeOf(value) === Object.prototype || Object.getPrototypeOf(value) === null);
}

export function isText(value: unknown, longest: number): value is string {
  return typeof value === 'string' && value.trim() !== '' && value.length <= longest && value.isWellFormed() && !value.includes('\u0000');
}

function invalidBody(errors: ItemFault[]): ProblemError {
  const [first] = errors;
  const more = errors.length > 1 ? ` There ${errors.length === 2 ? 'is one more fault' : `are ${errors.length - 1} more faults`}; see errors.` : '';
  return new ProblemError({ status: 400, code: 'invalid-body', title: 'The body was refused', detail: `${first?.pointer === '' || first === undefined ? '' : `${first.pointer}: `}${first?.message ?? ''}${more}`, errors: errors.slice(0, MOST_FAULTS) });
}
