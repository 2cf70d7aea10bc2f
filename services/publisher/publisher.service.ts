import type { Context, Service, ServiceSchema } from 'moleculer';
import type { Actions, Events } from '../../shared/contracts/actions.ts';
import type { HealthPart } from '../../shared/runtime/health.ts';
import type { NodeContext } from '../../shared/runtime/node-context.ts';
import { CommandConsumer } from './commands/command-consumer.ts';
import { buildRelays } from './build-relays.ts';
import type { Sink } from './sink.ts';

/**
 * The relay: carries every record that was committed from the ledger to its sinks, at least once and in order per record.
 * Several run at once and share the shards; where a sink is away, what it is owed waits in the ledger.
 * @param around puts something around each sink: a seam where faults can be let in
 */
export function createPublisher(node: NodeContext, around?: (sink: Sink) => Sink): ServiceSchema {
  const { relays, unaddressed } = buildRelays(node, around);

  /** The node's part of health: not needed for readiness, since nothing is lost while a sink is away. */
  const delivery = (): HealthPart => {
    const parts = [...relays].map(([sink, relay]) => ({ sink, ...relay.status() }));
    const noKafka = unaddressed.filter((sink) => sink.startsWith('kafka:'));
    const reasons = [
      ...noKafka.map((sink) => `${sink} waits: KAFKA_BROKERS is not set. Set it and start the relay again; records are kept in the ledger until then.`),
      ...parts.flatMap((p) => p.why ?? []),
    ];
    const figures = Object.fromEntries(parts.map(({ sink, ...part }) => [sink, part]));
    return reasons.length === 0 ? { status: 'up', figures } : { status: 'waiting', why: [...new Set(reasons)].join(' '), figures };
  };

  const { settings, database, metrics, log } = node;
  let changed: (batchId: string) => void = () => undefined;
  let answered: (batchId: string) => void = () => undefined;
  const commands = !settings.batchCommands || settings.kafkaBrokers === '' ? undefined : new CommandConsumer({ clientId: node.nodeId, pool: database.pool, settings, metrics, log, random: Math.random, kinds: node.kinds.values(), onChange: (batchId) => changed(batchId), onAnswer: (batchId) => answered(batchId) });

  return {
    name: 'publisher',
    settings: {},
    events: {
      'ledger.appended'(ctx: Context<Events['ledger.appended']>) {
        for (const sink of ctx.params.sinks) relays.get(sink)?.wake();
      },
    },
    actions: {
      giveShard: { handler: async ({ params: { sink, shard } }: Context<Actions['publisher.giveShard']['params']>): Promise<Actions['publisher.giveShard']['result']> => ({ given: (await relays.get(sink)?.giveShard(shard)) ?? false }) },
      takeShard: { handler: async ({ params: { sink, shard } }: Context<Actions['publisher.takeShard']['params']>): Promise<Actions['publisher.takeShard']['result']> => ({ taken: (await relays.get(sink)?.takeShard(shard)) ?? false }) },
    },
    created() {
      node.health.add('delivery', delivery, false);
      if (settings.batchCommands) node.health.add('commands', () => commands?.status() ?? { status: 'waiting', why: 'Commands for batches wait: KAFKA_BROKERS is not set.' }, false);
    },
    async started(this: Service) {
      // A nudge: every edge looks by itself each second.
      changed = (batchId) => void this.broker.broadcast('batch.steered', { batchId } satisfies Events['batch.steered']);
      answered = (batchId) => void this.broker.broadcast('items.answered', { batchId } satisfies Events['items.answered']);
      commands?.start();
      await Promise.all([...relays.values()].map((relay) => relay.start()));
    },
    async stopped() {
      await commands?.stop();
      await Promise.all([...relays.values()].map((relay) => relay.stop()));
    },
  };
}
