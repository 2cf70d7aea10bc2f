import { isFinal } from '../../shared/batches/states.ts';
import { readStatus, type Asking, type Status } from './asking.ts';
import type { Display } from './display.ts';
import { follow, type News } from './follow.ts';
import { viewOf, type View } from './texts.ts';

/**
 * Shows what becomes of a large batch until it has ended, or `on.signal` says to leave.
 * @returns how it stood last; undefined when it was left
 * @throws CliError when Sluice stays away
 */
export async function watchBatch(on: Asking, batchId: string, shown: Display): Promise<Status | undefined> {
  const { status } = await readStatus(on, batchId);
  let view = viewOf(status);
  // A small batch has no events: it is what it is.
  if (view === undefined) return status;
  shown.at(view);
  if (!isFinal(view.state)) {
    let tuned = tuning(status);
    for await (const news of follow(on, batchId)) {
      if (news.type === 'state' && tuning(news.data) !== tuned) shown.note(tuned = tuning(news.data));
      view = heard(view, news);
      if (news.type !== 'checkpoint') shown.at(view);
      if (isFinal(view.state)) break;
    }
  }
  return on.signal.aborted ? undefined : (await readStatus(on, batchId)).status;
}

function tuning({ priority, parallelism }: Pick<Status, 'priority' | 'parallelism'>): string {
  return `priority ${priority ?? ''}, parallelism ${parallelism ?? ''}`;
}

function heard(view: View, news: News): View {
  if (news.type === 'state') return { ...view, state: news.data.state };
  return news.type === 'progress' ? { ...view, ...news.data } : view;
}
