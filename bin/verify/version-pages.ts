const PAGE = 1_024;
const MOST_IN_PAGE = 65_535;

/** Highest versions by id, in pages of two bytes for each of 1,024 neighbouring ids; 0 where none was told. */
export class VersionPages implements Iterable<[id: number, version: number]> {
  readonly #pages = new Map<number, Uint16Array>();
  /** Versions that don't fit into a page. */
  readonly #beyond = new Map<number, number>();

  raise(id: number, version: number): void {
    if (version <= this.of(id)) return;
    const no = Math.floor(id / PAGE);
    const page = this.#pages.get(no) ?? new Uint16Array(PAGE);
    this.#pages.set(no, page);
    page[id % PAGE] = Math.min(version, MOST_IN_PAGE);
    if (version > MOST_IN_PAGE) this.#beyond.set(id, version);
  }

  of(id: number): number {
    const version = this.#pages.get(Math.floor(id / PAGE))?.[id % PAGE] ?? 0;
    return version === MOST_IN_PAGE ? (this.#beyond.get(id) ?? version) : version;
  }

  /** Ids with a version, page by page. */
  *[Symbol.iterator](): Generator<[id: number, version: number]> {
    for (const [no, page] of this.#pages) {
      for (let at = 0; at < PAGE; at++) if (page[at] !== 0) yield [no * PAGE + at, this.of(no * PAGE + at)];
    }
  }
}
