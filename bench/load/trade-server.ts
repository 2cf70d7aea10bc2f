/** The trade service that submissions call, with the same delay for everybody; its table is in memory. */
import { startTradeService } from '../../bin/trade-service/trade-service.ts';
import { serveLoad } from '../harness/serve-load.ts';

export interface TradeServerInit {
  latencyMs: number;
}

serveLoad<TradeServerInit, never, never>(async ({ latencyMs }) => {
  const service = await startTradeService({ faults: { latencyMs } });
  return { ready: service.url, run: () => Promise.reject(new Error('a server is called over HTTP')), close: () => service.close() };
});
