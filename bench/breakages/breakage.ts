import type { Target } from '../../bin/prove/target.ts';
import type { Snapshot } from '../../services/gateway/live/snapshot.ts';
import type { Clients } from './clients.ts';

/** What a breakage may lay its hands on. */
export interface Broken {
  target: Target;
  clients: Clients;
}

/** Something that an operator runs, exactly as the runbook has it; one shell for all of its lines. */
export interface Command {
  /** Why, in half a sentence. */
  says: string;
  /** Lines that all stand in the runbook's section. */
  run: string;
}

/** Something that is done by others than Sluice's operator: the owners of Kafka, or of the database. */
export interface Outside {
  says: string;
  act: (broken: Broken) => Promise<void>;
}

export type Step = Command | Outside;

/** One way to break Sluice, how that is seen, and how it is mended. */
export interface Breakage {
  /** In kebab case; also the name of its pictures. */
  name: string;
  title: string;
  /** What is done to it. */
  says: string;
  /** The heading in the runbook under which all its commands stand. */
  section: string;
  /** Further views of the console that are pictured while it is broken. */
  views: readonly string[];
  /** Clients send little while it lasts. */
  quietly?: true;
  /** Brings it about; what it answers puts right whatever is left of it, also when the show ends early. */
  inflict(broken: Broken): Promise<() => Promise<void>>;
  /** Whether the console says by now where it is wrong. */
  shows(snapshot: Snapshot): boolean;
  steps: readonly Step[];
  /** Whether what it did is over, beyond nothing being stuck or slow any more. */
  isOver?(snapshot: Snapshot): boolean;
}

/** Whether the console finds this of this stage. */
export function finds(snapshot: Snapshot, stage: Snapshot['findings'][number]['stage'], says: RegExp): boolean {
  return snapshot.findings.some((finding) => finding.stage === stage && says.test(finding.says));
}
