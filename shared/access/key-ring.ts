import { invalidity, isSecretOf, readKey, type ApiKey } from './api-keys.ts';

/** What a key's text is worth now. */
export type Found = { key: ApiKey } | { fault: 'malformed' | 'unknown' | 'revoked' | 'expired' };

/** Every key of the database, as it was a moment ago: no request waits for a look-up. */
export class KeyRing {
  #keys: ReadonlyMap<string, ApiKey> | undefined;
  #lagMs = 0;

  /** @param now of the database, for it is what keys expire by */
  replace(keys: readonly ApiKey[], now: Date): void {
    this.#keys = new Map(keys.map((key) => [key.id, key]));
    this.#lagMs = Date.now() - now.getTime();
  }

  /** Whether the database has been read at all. */
  get loaded(): boolean {
    return this.#keys !== undefined;
  }

  /** Whether there is any key; one that is revoked or expired keeps the door shut as well. */
  get empty(): boolean {
    return (this.#keys?.size ?? 0) === 0;
  }

  /** @param text what the caller sent as its key */
  find(text: string): Found {
    const parts = readKey(text);
    if (parts === undefined) return { fault: 'malformed' };
    const key = this.#keys?.get(parts.id);
    return key === undefined || !isSecretOf(key, parts.secret) ? { fault: 'unknown' } : this.#worth(key);
  }

  /** A key whose holder has proved before that it is theirs. */
  byId(id: string): Found {
    const key = this.#keys?.get(id);
    return key === undefined ? { fault: 'unknown' } : this.#worth(key);
  }

  #worth(key: ApiKey): Found {
    const fault = invalidity(key, new Date(Date.now() - this.#lagMs));
    return fault === undefined ? { key } : { fault };
  }
}
