/** State of one thing a node depends on or does. */
export interface HealthPart {
  status: 'up' | 'waiting' | 'down';
  /** Why, in one sentence a person can act on. */
  why?: string;
  /** Figures worth showing beside. */
  figures?: Record<string, unknown>;
}

type Check = () => HealthPart | Promise<HealthPart>;

/** The node's board of health: each service hangs a check on it; the health page reads them all. */
export class Health {
  readonly #checks = new Map<string, { check: Check; needed: boolean }>();

  /**
   * @param needed whether the node is not ready while this is down; what only delays delivery is not needed
   */
  add(name: string, check: Check, needed: boolean): void {
    this.#checks.set(name, { check, needed });
  }

  remove(name: string): void {
    this.#checks.delete(name);
  }

  /** All parts, and whether the node can do its work. A check that throws is down, with its reason. */
  async read(): Promise<{ ready: boolean; parts: Record<string, HealthPart> }> {
    const parts: Record<string, HealthPart> = {};
    let ready = true;
    await Promise.all(
      [...this.#checks].map(async ([name, { check, needed }]) => {
        let part: HealthPart;
        try {
          part = await check();
        } catch (error) {
          part = { status: 'down', why: error instanceof Error ? error.message : String(error) };
        }
        parts[name] = part;
        if (needed && part.status === 'down') ready = false;
      }),
    );
    return { ready, parts: Object.fromEntries(Object.entries(parts).sort(([a], [b]) => a.localeCompare(b))) };
  }
}
