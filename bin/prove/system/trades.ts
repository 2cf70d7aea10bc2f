import { startTradeService, type TradeService } from '../../trade-service/trade-service.ts';
import type { TradeOrder, TradeStore } from '../../trade-service/trade-store.ts';
import type { TargetTrades } from '../target.ts';

/** The trade service of a system under proof, with what its owner needs. */
export interface Trades extends TargetTrades {
  /** All that it has stored, and how often each order came. */
  orders(): TradeOrder[];
  arrivals(): ReturnType<TradeStore['arrivals']>;
  close(): Promise<void>;
}

/** Starts the trade service that orders are submitted to, on a free port. @param file where its table is kept */
export async function startTrades(file: string): Promise<Trades> {
  let running: TradeService | undefined = await startTradeService({ file });
  const { url } = running;
  const here = () => {
    if (running === undefined) throw new Error('the trade service is away');
    return running;
  };
  const away = async () => {
    const service = running;
    running = undefined;
    await service?.close();
  };
  return {
    url, away,
    get faults() {
      return here().faults;
    },
    async back() {
      running ??= await startTradeService({ file, port: Number(new URL(url).port) });
    },
    orders: () => here().store.all(),
    arrivals: () => here().store.arrivals(),
    close: away,
  };
}
