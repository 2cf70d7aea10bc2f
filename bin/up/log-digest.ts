/** A line of a node's log that is worth a person's eye. */
interface Noteworthy {
  level: 'warn' | 'error' | 'fatal';
  text: string;
}

/** Makes of the nodes' logs what is shown on the terminal. */
export interface LogDigest {
  /** The lines to show for one line of a node's log: none, or one. `now` in ms, monotonic. */
  take(node: string, line: string, now: number): { level: Noteworthy['level']; text: string }[];
}

/**
 * Shows warnings and errors alone, and one of each kind (same node, same message) in `quietMs`; the next one says how many there were
 * between. A broker that is away for a minute makes a dozen lines, not a thousand.
 */
export function createLogDigest(quietMs: number): LogDigest {
  const shown = new Map<string, { at: number; since: number }>();
  return {
    take(node, line, now) {
      const found = read(line);
      if (found === null) return [];
      const key = `${node} ${found.level} ${found.text}`;
      const last = shown.get(key);
      if (last && now - last.at < quietMs) {
        last.since += 1;
        return [];
      }
      for (const [old, { at }] of shown) if (now - at >= quietMs && old !== key) shown.delete(old);
      shown.set(key, { at: now, since: 0 });
      const more = last && last.since > 0 ? ` (and ${last.since} more like it before)` : '';
      return [{ level: found.level, text: `${node}: ${found.text}${more}` }];
    },
  };
}

/** Anything that isn't a log line of ours, such as a stack that Node prints, is left to the file. */
function read(line: string): Noteworthy | null {
  if (!line.startsWith('{')) return null;
  let entry: { level?: unknown; msg?: unknown; err?: { message?: unknown } };
  try {
    entry = JSON.parse(line) as typeof entry;
  } catch {
    return null; // cut off by the node's death
  }
  const { level, msg, err } = entry;
  if ((level !== 'warn' && level !== 'error' && level !== 'fatal') || typeof msg !== 'string') return null;
  return { level, text: typeof err?.message === 'string' ? `${msg}: ${err.message.split('\n')[0]}` : msg };
}
