import type { AckedRun, PartitionResult, PartitionSend, Sink, SinkFailure } from '../../../../services/publisher/sink.ts';

const REFUSED: SinkFailure = { class: 'message', code: 'INVALID_RECORD', message: 'refused by the test', unsettled: false };
const LOST: SinkFailure = { class: 'partition', code: 'REQUEST_TIMED_OUT', message: 'the answer was lost by the test', unsettled: false };

/** What goes wrong; asked for each message and each partition of a send. */
export interface Faults {
  refuses(id: number): boolean;
  losesAnswer(partition: number): boolean;
}

/** The sink, which refuses single messages, or delivers and then fails to say so. Everything else reaches the real one. */
export function faultySink(faults: Faults): (sink: Sink) => Sink {
  return (sink) =>
    new Proxy(sink, {
      get(target, name) {
        if (name === 'send') return (groups: readonly PartitionSend[], mayGoOn: () => boolean) => sendWith(faults, target, groups, mayGoOn);
        const value = Reflect.get(target, name, target) as unknown;
        return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      },
    });
}

async function sendWith(faults: Faults, sink: Sink, groups: readonly PartitionSend[], mayGoOn: () => boolean): Promise<PartitionResult[]> {
  const plans = groups.map((group) => {
    const refused = group.messages.flatMap((m, position) => (faults.refuses(m.id) ? [position] : []));
    return { group, refused, kept: group.messages.flatMap((_, position) => (refused.includes(position) ? [] : [position])) };
  });
  const sendable = plans.filter((p) => p.kept.length > 0);
  const found = sendable.length === 0 ? [] : await sink.send(sendable.map(({ group, kept }) => ({ partition: group.partition, messages: kept.map((position) => group.messages[position] as (typeof group.messages)[number]) })), mayGoOn);
  return plans.map(({ group: { partition }, refused, kept }) => {
    const result = found.find((r) => r.partition === partition) ?? { partition, acked: [], refused: [] };
    if (faults.losesAnswer(partition)) return { partition, acked: [], refused: [], failure: LOST };
    const back = { ...result, acked: result.acked.flatMap((run) => asPositions(run, kept)), refused: result.refused.map((r) => ({ ...r, position: kept[r.position] ?? 0 })) };
    return { ...back, refused: [...back.refused, ...refused.map((position) => ({ position, failure: REFUSED }))] };
  });
}

/** A run of what was really sent, as runs of what should have been. */
function asPositions(run: AckedRun, kept: readonly number[]): AckedRun[] {
  const runs: AckedRun[] = [];
  for (let i = run.from; i <= run.to; i++) {
    const position = kept[i] ?? 0;
    const last = runs.at(-1);
    if (last !== undefined && last.to + 1 === position) last.to = position;
    else runs.push({ from: position, to: position, base: run.base + i - run.from });
  }
  return runs;
}
