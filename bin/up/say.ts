import pc from 'picocolors';

/** What a starting system says to the person who started it, a tidy line each. */
export interface Say {
  /** A step that is done. `ms` is how long it took. */
  done(name: string, text: string, ms: number): void;
  /** Something under way, or that happened later. */
  note(text: string): void;
  warn(text: string): void;
  error(text: string): void;
  /** As it is. */
  plain(text: string): void;
}

const NAME_WIDTH = 11;
const TEXT_WIDTH = 46;

/** Writes to `out`; coloured if picocolors finds a terminal that can. */
export function createSay(out: { write(text: string): unknown }): Say {
  const line = (text: string) => void out.write(`${text}\n`);
  return {
    done: (name, text, ms) => line(`${pc.green('✔')} ${name.padEnd(NAME_WIDTH)} ${text.padEnd(TEXT_WIDTH)} ${pc.dim(seconds(ms))}`),
    note: (text) => line(`${pc.dim('·')} ${text}`),
    warn: (text) => line(`${pc.yellow('!')} ${text}`),
    error: (text) => line(`${pc.red('✖')} ${text}`),
    plain: line,
  };
}

/** A duration in ms, for people: `0.6 s`. */
export function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
