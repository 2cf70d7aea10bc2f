import type { Fault } from './fault.ts';
import { repeated } from './helpers.ts';

const SHARE = 0.6;
const LOOK_MS = 250;
/** A chunk whose carrier died comes back after its lease of 6 s. */
const POISON_MS = [14_000, 18_000] as const;
/** Enough to kill each carrier of a chunk, and few enough that supervisors do not pause for long before they start one again. */
const MOST_DEATHS = 3;
/** Each upload of revaluations has such an item: the eighth of the request that stored its execution. */
const POISONOUS = /I000007$/;
/** The next time is the one after the last. */
const TAKEN_OFTEN = 12;

const answers = (name: string, says: string, instead: number | 'nothing'): Fault => ({
  name,
  says,
  touches: ['prices'],
  inject({ prices }, random) {
    prices.answering = () => (random() < SHARE ? instead : undefined);
    return Promise.resolve({
      end() {
        prices.answering = undefined;
        return Promise.resolve();
      },
    });
  },
});

const POISON: Fault = {
  name: 'poison-item',
  says: 'an item kills (kill -9) the edge that carries it out, and its chunk has been taken twelve times: its items are refused, and the others are carried out',
  touches: ['prices', 'edge'],
  lastsMs: POISON_MS,
  async inject(target) {
    const { prices, postgres } = target;
    let deaths = 0;
    prices.answering = (name, securityId) => {
      if (!POISONOUS.test(securityId) || deaths >= MOST_DEATHS) return undefined;
      deaths += 1;
      target.nodes('edge').find((node) => node.name === name)?.signal('SIGKILL');
      return 'nothing';
    };
    const stop = await repeated(LOOK_MS, () => postgres.sql(`update chunk c set attempts = $1 from batch b where b.id = c.batch_id and b.kind = 'revaluation' and c.attempts between 1 and $1 - 1`, [TAKEN_OFTEN]).then(() => undefined));
    return {
      async end() {
        prices.answering = undefined;
        await stop();
      },
    };
  },
};

/** What befalls work on items that ask a service: the service itself, and an item that nobody survives. */
export const PRICE_SERVICE: readonly Fault[] = [
  answers('prices-failing', 'three of five questions to the price service are answered with 503', 503),
  answers('prices-hanging', 'three of five questions to the price service are never answered', 'nothing'),
  POISON,
];
