import type { Guard } from '../../shared/runtime/guard.ts';
import { identify } from '../../shared/runtime/servers/process-identity.ts';
import type { ProcessIdentity } from '../../shared/runtime/servers/process-identity.ts';
import { removeRunRecord, writeRunRecord } from './run-file.ts';
import type { RunningPart, RunRecord } from './run-file.ts';

/** How a part is stopped if this process cannot do it any more. */
export interface HowToStop {
  signal: NodeJS.Signals;
  graceMs: number;
  stage: number;
}

/** Who runs on behalf of this process: told to the guard, and written to the run record, from the moment each is there. */
export interface Roster {
  joined(name: string, pid: number, how: HowToStop): void;
  left(pid: number): void;
  /** Process ids of the parts, by name. */
  pids(): Map<string, number>;
  /** Where Sluice answers, and the addresses its nodes use. */
  setAddresses(url: string, addresses: RunRecord['addresses']): void;
  /** Takes the record away: nothing runs any more. */
  close(): void;
}

/** @param folder the data folder */
export function createRoster(folder: string, guard: Guard): Roster {
  const launcher = identify(process.pid) as ProcessIdentity;
  const parts = new Map<number, RunningPart>();
  let url = '';
  let addresses: RunRecord['addresses'] = { postgresUrl: '', natsUrl: '', kafkaBrokers: '' };
  let closed = false;
  const write = () => {
    if (!closed) writeRunRecord(folder, { launcher, guard: identify(guard.pid), url, addresses, parts: [...parts.values()] });
  };
  guard.onExit(write);
  return {
    joined(name, pid, how) {
      const identity = identify(pid);
      if (identity === null) return; // it has ended already
      guard.register(pid, how);
      parts.set(pid, { name, ...identity });
      write();
    },
    left(pid) {
      guard.unregister(pid);
      if (parts.delete(pid)) write();
    },
    pids: () => new Map([...parts.values()].map(({ name, pid }) => [name, pid])),
    setAddresses(newUrl, newAddresses) {
      [url, addresses] = [newUrl, newAddresses];
      write();
    },
    close() {
      closed = true;
      removeRunRecord(folder);
    },
  };
}
