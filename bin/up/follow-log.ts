import { open, stat } from 'node:fs/promises';
import { every } from '../../shared/runtime/every.ts';

const LOOK_MS = 300;
/** What a node writes beyond this between two looks is left to its file. */
const MOST_BYTES = 1024 * 1024;

/** Gives every line that is added to a log file from now on to `onLine`, until it is stopped. The file may be missing, or made anew. */
export async function followLog(path: string, onLine: (line: string) => void, onError: (error: unknown) => void): Promise<{ stop(): Promise<void> }> {
  let at = await sizeOf(path);
  let rest = '';
  const look = async (): Promise<void> => {
    const size = await sizeOf(path);
    if (size < at) [at, rest] = [0, ''];
    if (size === at) return;
    const from = Math.max(at, size - MOST_BYTES);
    if (from > at) rest = '';
    const file = await open(path, 'r');
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(size - from), 0, size - from, from);
      at = from + bytesRead;
      const lines = (rest + buffer.toString('utf8', 0, bytesRead)).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) onLine(line);
    } finally {
      await file.close();
    }
  };
  const loop = every(LOOK_MS, look, onError);
  loop.start();
  return {
    async stop() {
      await loop.stop();
      await look();
    },
  };
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
    throw error;
  }
}
