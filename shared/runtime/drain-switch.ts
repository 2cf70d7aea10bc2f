/**
 * Whether an operator wants no new work on this node: a writer is given no more chunks, a relay hands its shards over, an edge says that it is not
 * ready and leases no staged chunks. What is in work is finished. Holds until it is lifted, or the node is started again.
 */
export class DrainSwitch {
  #on = false;
  readonly #listeners: (() => void)[] = [];

  get on(): boolean {
    return this.#on;
  }

  set(on: boolean): void {
    if (this.#on === on) return;
    this.#on = on;
    for (const listener of this.#listeners) listener();
  }

  /** Calls this after each change. */
  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }
}
