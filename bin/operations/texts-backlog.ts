import type { SinkBacklog } from '../../shared/contracts/delivery.ts';
import type { Paint } from '../send/summary.ts';
import { table } from '../table.ts';

/** The answer of the operation on the backlog as a terminal shows it. */
export const BACKLOG_TEXTS = {
  'backlog.show': ({ sinks }: { sinks: (SinkBacklog & { sink: string })[] }, paint: Paint): string => {
    if (sinks.length === 0) return 'No relay has run yet: nothing is known of any sink.\n';
    const rows = sinks.map((s) => [s.sink, `${s.waiting}${s.capped ? ' or more' : ''}`, s.waiting === 0 ? '-' : `${s.oldestS} s`, s.inPerS ?? '?', s.outPerS, s.unowned === 0 ? '-' : paint.red(String(s.unowned)), outlook(s, paint)]);
    return `${table(['SINK', 'WAITING', 'OLDEST', 'IN/S', 'OUT/S', 'UNOWNED', 'OUTLOOK'], rows, paint)}\n`;
  },
};

function outlook({ trend, drainedInS }: SinkBacklog, paint: Paint): string {
  if (trend === 'drains') return `gone in ${drainedInS} s`;
  return trend === 'grows' || trend === 'stands' ? paint.red(trend) : trend;
}
