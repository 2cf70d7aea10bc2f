import type { Figure, Scenario } from '../harness/scenario.ts';
import { runScript } from '../harness/run-script.ts';

interface RelayOutput {
  figures: { what: string; perSecond: number; cpuMicrosPerMessage: number; ratio: number }[];
}

/** The publisher alone, from a filled ledger. */
export const relay: Scenario = {
  name: 'relay',
  compares: 'One publisher that delivers from a filled ledger, nothing else going on, with a bare kafkajs producer that sends the same payloads from memory (bench/relay.ts).',
  async run(bench) {
    const env = { POSTGRES_URL: await bench.database(), KAFKA_BROKERS: await bench.kafkaBrokers() };
    const { figures: [bare, , publisher] } = await runScript<RelayOutput>('relay.ts', ['--json', '--records', bench.quick ? '20000' : '200000'], env);
    if (bare === undefined || publisher === undefined) throw new Error('bench/relay.ts gave no figures');
    const figure: Figure = { what: 'one publisher', figure: publisher.perSecond, unit: 'messages/s', reference: bare.perSecond, ratio: publisher.ratio, goal: 0.8, cpu: { relay: publisher.cpuMicrosPerMessage }, referenceCpu: { producer: bare.cpuMicrosPerMessage } };
    return [figure];
  },
};
