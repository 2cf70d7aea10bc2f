import type { ServiceBroker } from 'moleculer';
import { lawOf, LAWS } from '../../shared/law/laws.ts';
import { LawWatch, type WatchState } from '../../shared/law/law-watch.ts';
import type { VerifiedTable } from '../../shared/law/check-law.ts';
import type { Metrics } from '../../shared/metrics/metrics.ts';
import { columnsOf } from '../../shared/records/columns.ts';
import { every, type Loop } from '../../shared/runtime/every.ts';
import { firstWith } from '../../shared/runtime/fleet.ts';
import type { NodeContext } from '../../shared/runtime/node-context.ts';

/** Share of the interval that a round may spend on what is new, and on the slow pass: together a quarter of one connection at most. */
const NEW_SHARE = 0.2;
const PASS_SHARE = 0.02;
const PIECE_ROWS = 5_000;
const PIECE_IDS = 262_144;

/**
 * The background check of the law: none where it is switched off. Of all nodes that could, the one with the first name does it;
 * should two for a moment, it costs time and nothing else.
 */
export function lawLoop(node: NodeContext, broker: ServiceBroker): Loop[] {
  const { settings, metrics, log } = node;
  if (settings.verifyInterval === 0) return [];
  let watch: LawWatch | undefined;
  let passes = 0;
  let told = new Set<string>();
  const round = async () => {
    const first = firstWith(broker, 'pool-monitor');
    if (first !== undefined && first !== node.nodeId) {
      if (watch !== undefined) forgetLaw(metrics);
      watch = undefined;
      return;
    }
    if (watch === undefined) passes = 0;
    watch ??= new LawWatch({
      pool: node.database.pool, tables: tablesOf(node), timeoutMs: settings.verifyTimeout, newMs: settings.verifyInterval * NEW_SHARE, passMs: settings.verifyInterval * PASS_SHARE,
      pieceRows: PIECE_ROWS, pieceIds: PIECE_IDS, now: () => performance.now(),
    });
    const state = await watch.round();
    tellLaw(metrics, state);
    metrics.count('law_passes_total', {}, state.passes - passes);
    passes = state.passes;
    const fresh = state.breaches.filter((b) => !told.has(JSON.stringify(b)));
    told = new Set(state.breaches.map((b) => JSON.stringify(b)));
    for (const breach of fresh) log.error({ breach }, 'the law is broken');
  };
  return [
    every(settings.verifyInterval, round, (error) => {
      metrics.count('law_failures_total', {});
      log.warn({ err: error }, 'the law could not be checked; it is tried again');
    }),
  ];
}

function tellLaw(metrics: Metrics, { breaches, tookMs, newUntil }: WatchState): void {
  metrics.set('law_broken', {}, breaches.length > 0 ? 1 : 0);
  for (const law of LAWS) metrics.set('law_breaches', { law }, breaches.filter((b) => lawOf(b.what) === law).length);
  metrics.set('law_checked_timestamp_seconds', {}, newUntil / 1_000);
  metrics.set('law_check_seconds', {}, tookMs / 1_000);
}

/** Another node tells of the law now. */
function forgetLaw(metrics: Metrics): void {
  metrics.forget('law_broken', {});
  for (const law of LAWS) metrics.forget('law_breaches', { law });
  metrics.forget('law_checked_timestamp_seconds', {});
  metrics.forget('law_check_seconds', {});
}

function tablesOf({ database, kinds }: NodeContext): VerifiedTable[] {
  return [...kinds.values()].map((record) => ({
    kind: record.name,
    table: database.orm.getMetadata().get(record.entity.meta.class).tableName,
    idColumn: columnsOf(database.orm, record).find((c) => c.primary)?.column ?? 'id',
  }));
}
