import { between, oneOf } from '../random.ts';
import type { Link } from '../net/link.ts';
import type { Fault, Random } from './fault.ts';
import { repeated } from './helpers.ts';

/** Every kind of wire, by who opens it. */
const WIRES = [
  ['client', 'edge'],
  ['edge', 'postgres'],
  ['writer', 'postgres'],
  ['relay', 'postgres'],
  ['edge', 'nats'],
  ['writer', 'nats'],
  ['relay', 'nats'],
  ['relay', 'kafka'],
] as const satisfies readonly (readonly [string, Link['to']])[];

const DELAY_MS = [50, 1_500] as const;
const RESET_EVERY_MS = 600;

const NAMES: Record<Link['to'], string> = { postgres: 'PostgreSQL', nats: 'NATS', kafka: 'Kafka', edge: 'an edge' };

type Deed = 'cut' | 'silence' | 'delay' | 'halve' | 'reset';

const SAYS: Record<Deed, string> = {
  cut: 'is cut: what stands ends, what is new is refused',
  silence: 'is silent: nothing passes any more, and nobody is told',
  delay: 'is slow: 0.05 to 1.5 s later each way',
  halve: 'passes data in one direction only',
  reset: 'is reset, again and again',
};

async function strike(deed: Deed, link: Link, random: Random): Promise<() => Promise<void>> {
  if (deed === 'reset') return repeated(RESET_EVERY_MS, () => Promise.resolve(link.reset()));
  if (deed === 'cut') link.cut();
  if (deed === 'delay') link.delay(between(random, ...DELAY_MS));
  if (deed === 'halve') link.halve(oneOf(random, ['there', 'back']));
  if (deed === 'silence') for (const direction of ['there', 'back'] as const) link.halve(direction);
  return () => Promise.resolve();
}

/** One wire of each kind, and what may befall it. */
export const WIRE_FAULTS: readonly Fault[] = WIRES.flatMap(([from, to]) =>
  (['cut', 'silence', 'delay', 'halve', 'reset'] as const).map((deed) => ({
    name: `${deed}-${from}-${to}`,
    says: `the wire from ${from === 'client' ? 'the clients' : `one ${from}`} to ${from === 'client' ? 'one edge' : NAMES[to]} ${SAYS[deed]}`,
    touches: [`${from}->${to}`],
    async inject(target, random) {
      const link = oneOf(random, target.links(from, to));
      const cease = await strike(deed, link, random);
      return {
        async end() {
          await cease();
          link.mend();
        },
      };
    },
  })),
);
