import type { Paint } from '../send/summary.ts';
import { seconds, table } from '../table.ts';
import type { AuditEntry, LetterGroup, LetterSummary, Page, Replay, ReplayPlan, ReplayProgress, Letter } from '../../shared/contracts/dead-letters.ts';

const place = ({ topic, partition, sink }: { topic: string | null; partition: number | null; sink?: string }) => (topic === null ? (sink ?? '-') : `${topic}/${partition ?? '?'}`);

/** @param next the command's options that show what comes then */
export function lettersText({ content, next }: Page<LetterSummary>, paint: Paint): string {
  if (content.length === 0) return 'No dead letter matches.\n';
  const rows = content.map((l) => [String(l.id), l.state, `${l.kind} ${l.recordId} v${l.version}`, place(l), l.code, l.attempts, l.replays, seconds(l.lastFailedAt), l.fingerprint]);
  return `${table(['ID', 'STATE', 'RECORD', 'TO', 'CODE', 'TRIES', 'REPLAYS', 'LAST FAILED (UTC)', 'GROUP'], rows, paint)}\n${next === null ? '' : paint.dim(`There are more: --cursor ${next}\n`)}`;
}

export function groupsText({ content, more }: { content: LetterGroup[]; more: boolean }, paint: Paint): string {
  if (content.length === 0) return 'No dead letter is open.\n';
  const rows = content.map((g) => [g.fingerprint, g.sink, g.count, g.dead, g.replaying, seconds(g.firstFailedAt), seconds(g.lastFailedAt), String(g.example.id), g.reason]);
  return `${table(['GROUP', 'SINK', 'COUNT', 'DEAD', 'REPLAYING', 'FIRST (UTC)', 'LAST (UTC)', 'EXAMPLE', 'REASON'], rows, paint)}\n${more ? paint.dim('There are more; narrow it with --sink, --kind or --code.\n') : ''}`;
}

/** All of one, under headings. */
export function letterText(letter: Letter, paint: Paint): string {
  const { provenance: p } = letter;
  const facts: [string, string | null][] = [
    ['state', letter.state], ['record', `${letter.kind} ${letter.recordId}, version ${letter.version}`], ['to', `${letter.sink}${letter.partition === null ? '' : `, partition ${letter.partition}`}`],
    ['cause', `${letter.code} (${letter.class}): ${letter.reason}`], ['group', letter.fingerprint], ['tries', `${letter.attempts}, the first ${letter.firstFailedAt}, the last ${letter.lastFailedAt}`],
    ['replays', letter.replays === 0 ? 'none' : `${letter.replays}, the last ${letter.replayId ?? ''}`], ['came from', `batch ${p.batchId}, item ${p.index ?? '?'}, ${p.op}${p.client === null ? '' : `, client ${p.client}`}${p.clientReference === null ? '' : `, reference ${p.clientReference}`}`],
    ['written', p.writtenAt === null ? null : `${p.writtenAt} by ${p.node ?? '?'}, shard ${p.shard}`], ['mirrored', letter.mirroredAt], ['closed', letter.closedAt === null ? null : `${letter.closedAt}${letter.closedBy === null ? '' : ` by ${letter.closedBy}`}${letter.closedReason === null ? '' : `: ${letter.closedReason}`}`],
  ];
  const waiting = letter.waitingBehind.map((w) => `  version ${w.version}, batch ${w.batchId}, written ${w.writtenAt}`);
  return [
    `Dead letter ${letter.id}`, ...facts.flatMap(([name, value]) => (value === null ? [] : [`${paint.dim(name.padEnd(10))} ${value}`])),
    ...(waiting.length === 0 ? [] : [paint.dim('waiting behind it, in this order'), ...waiting, ...(letter.moreWaiting ? ['  and more'] : [])]),
    paint.dim('headers'), ...Object.entries(letter.headers ?? {}).map(([name, value]) => `  ${name}: ${value}`), paint.dim('payload'), letter.payload, '',
  ].join('\n');
}

export function planText(plan: ReplayPlan, paint: Paint): string {
  const rows = plan.first.map((m) => [String(m.id), `${m.kind} ${m.recordId} v${m.version}`, m.outcome === 'send' ? `send v${m.sendsVersion ?? '?'}` : 'supersede: the record is gone', place({ ...m, sink: plan.sink }), m.waitingBehind]);
  const places = plan.destinations.map((d) => [place({ ...d, sink: plan.sink }), d.messages]);
  return [
    `Of ${plan.total} dead letters ${plan.wouldSend} would be sent to ${plan.sink}, ${plan.wouldSupersede} superseded, in at least ${plan.seconds} s at ${plan.rate}/s. Nothing was done.`, '',
    table(['TO', 'MESSAGES'], places, paint), '', table(['ID', 'RECORD', 'WHAT', 'TO', 'WAITING BEHIND'], rows, paint), ...(plan.total > plan.first.length ? [paint.dim(`and ${plan.total - plan.first.length} more, in the order of their ids`)] : []), '',
  ].join('\n');
}

export function replayText(r: ReplayProgress): string {
  return `Replay ${r.id}: ${r.state}, ${r.released} of ${r.total} released at ${r.rate}/s; ${r.delivered} delivered, ${r.superseded} superseded, ${r.deadAgain} dead again, ${r.onTheWay} on the way.\n`;
}

export function replaysText({ content, next }: Page<Replay>, paint: Paint): string {
  if (content.length === 0) return 'There was no replay.\n';
  const rows = content.map((r) => [r.id, r.state, r.sink, r.released, r.total, r.rate, r.requestedBy, seconds(r.requestedAt), r.endedAt === null ? '-' : seconds(r.endedAt)]);
  return `${table(['REPLAY', 'STATE', 'SINK', 'RELEASED', 'TOTAL', 'RATE', 'BY', 'ASKED (UTC)', 'ENDED (UTC)'], rows, paint)}\n${next === null ? '' : paint.dim(`There are more: --cursor ${next}\n`)}`;
}

export function auditText({ content, next }: Page<AuditEntry>, paint: Paint): string {
  if (content.length === 0) return 'The audit has no such line.\n';
  const rows = content.map((a) => [seconds(a.at), a.who, a.operation, short(a.target), short(a.detail ?? {})]);
  return `${table(['AT (UTC)', 'WHO', 'OPERATION', 'TO WHAT', 'DETAIL'], rows, paint)}\n${next === null ? '' : paint.dim(`There are more: --cursor ${next}\n`)}`;
}

const LONGEST = 80;

function short(value: Record<string, unknown>): string {
  const text = Object.entries(value).map(([name, v]) => `${name}=${typeof v === 'string' ? v : JSON.stringify(v)}`).join(' ');
  return text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text;
}
