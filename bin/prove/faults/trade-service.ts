import { NO_FAULTS, type TradeFaults } from '../../trade-service/faults.ts';
import type { Fault } from './fault.ts';

const SHARE = 0.6;
/** Longer than the nodes wait for an answer, for some of the calls. */
const SLOW_MS = 2_500;

const misbehaves = (name: string, says: string, faults: Partial<TradeFaults>): Fault => ({
  name,
  says,
  touches: ['trades'],
  inject({ trades }) {
    Object.assign(trades.faults, faults);
    return Promise.resolve({
      end() {
        Object.assign(trades.faults, NO_FAULTS);
        return Promise.resolve();
      },
    });
  },
});

const AWAY: Fault = {
  name: 'trades-killed',
  says: 'the trade service ends at once with all calls under way, and is started again on its table at the end',
  touches: ['trades'],
  async inject({ trades }) {
    await trades.away();
    return { end: () => trades.back() };
  },
};

/** What befalls submissions of orders: the trade service misbehaves. */
export const TRADE_SERVICE: readonly Fault[] = [
  misbehaves('trades-slow', 'the trade service answers 2.5 s later', { latencyMs: SLOW_MS }),
  misbehaves('trades-refusing', 'three of five bulk calls are refused (400), every order of them with a reason', { fault: 'refuse-with-reasons', share: SHARE }),
  misbehaves('trades-refusing-whole', 'three of five bulk calls are refused (400) without a reason for any order', { fault: 'refuse', share: SHARE }),
  misbehaves('trades-failing', 'three of five bulk calls are answered with 500 and not carried out, and so are two of five questions', { fault: 'error', share: SHARE, askErrorShare: 0.4 }),
  misbehaves('trades-failing-after', 'three of five bulk calls are carried out and answered with 500', { fault: 'error-after', share: SHARE }),
  misbehaves('trades-broken-json', 'three of five bulk calls are carried out, and half of the answer comes', { fault: 'broken-json', share: SHARE }),
  misbehaves('trades-dying-before', 'three of five bulk calls end with a closed connection, and were not carried out', { fault: 'die-before', share: SHARE }),
  misbehaves('trades-dying-after', 'three of five bulk calls are carried out, and end with a closed connection instead of an answer', { fault: 'die-after', share: SHARE }),
  misbehaves('trades-hanging', 'three of five bulk calls are carried out and never answered', { fault: 'hang-after', share: SHARE }),
  misbehaves('trades-shuffled', 'the results of bulk calls come in another order', { fault: 'shuffle' }),
  misbehaves('trades-dropping', 'three of five bulk calls are carried out and answered without a result for any order', { fault: 'drop', share: SHARE }),
  AWAY,
];
