import type { ListedShard } from '../../shared/contracts/delivery.ts';
import type { Paint } from '../send/summary.ts';
import { table } from '../table.ts';

/** The answers of the operations on shards as a terminal shows them. */
export const SHARDS_TEXTS = {
  'shards.list': ({ shards }: { shards: ListedShard[] }, paint: Paint): string =>
    (shards.length === 0 ? 'No shard is as asked for.\n' : `${table(['SINK', 'SHARD', 'OWNER', 'WAITING', 'OLDEST'], shards.map((s) => [s.sink, s.shard, s.owner ?? paint.red('nobody'), `${s.waiting}${s.capped ? ' or more' : ''}`, s.oldestS === null ? '-' : `${s.oldestS} s`]), paint)}\n`),
  'shards.handover': ({ sink, shard, from, to, dryRun }: { sink: string; shard: number; from: string | null; to: string; dryRun?: true }): string =>
    `Shard ${shard} of ${sink}: ${from ?? 'nobody'} → ${to}.${dryRun === true ? ' Nothing was changed.' : ''}\n`,
};
