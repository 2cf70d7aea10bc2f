import { ask } from './api.js';
import { confirm } from './dialog.js';
import { count, many, shortId, span } from './format.js';
import { html } from './html.js';

const MOST_SHOWN = 5;

/**
 * Asks whether to send dead letters again, with what that would do, and does it.
 * @param {{ filter?: object, ids?: number[] }} selection
 * @param {string} what the letters, for a person
 * @param {() => Promise<void>} after
 */
export function askReplay(selection, what, after) {
  confirm({
    title: 'Replay?', action: 'Replay',
    preview: async () => {
      const plan = await ask('/api/v1/dead-letters/replays', { method: 'POST', body: { ...selection, dryRun: true } });
      if (plan.total === 0) throw new Error('None of them is dead any more; there is nothing to replay.');
      return html`<p><b>${many(plan.total, 'message')}</b> of ${what} to <b>${plan.sink}</b></p>
        <ul><li>${many(plan.wouldSend, 'message')} would be sent, as their records are now</li>
        ${plan.wouldSupersede > 0 && html`<li>${many(plan.wouldSupersede, 'letter')} would be closed without sending: a later version was delivered, or the record is gone</li>`}
        <li>at ${count(plan.rate)} a second: about ${span(plan.seconds)}</li></ul>
        ${plan.destinations.length > 0 && html`<p class="quiet small">${plan.destinations.slice(0, MOST_SHOWN).map(({ topic, partition, messages }) => `${topic ?? plan.sink}${partition === null ? '' : `, partition ${partition}`}: ${count(messages)}`).join(' · ')}${plan.destinations.length > MOST_SHOWN ? ' · …' : ''}</p>`}`;
    },
    run: async () => {
      const replay = await ask('/api/v1/dead-letters/replays', { method: 'POST', body: selection });
      await after();
      return `Replay ${shortId(replay.id)} of ${many(replay.total, 'message')} is under way.`;
    },
  });
}

/** Asks whether to close dead letters for good, and why. */
export function askDiscard(selection, what, after) {
  confirm({
    title: 'Discard?', action: 'Discard for good', danger: true, fields: [{ name: 'reason', label: 'Why', hint: 'kept with each letter, and in the audit', required: true }],
    preview: async () => {
      const plan = await ask('/api/v1/dead-letters/discards', { method: 'POST', body: { ...selection, reason: 'preview', dryRun: true } });
      if (plan.total === 0) throw new Error('None of them is dead any more; there is nothing to discard.');
      return html`<p><b>${many(plan.total, 'message')}</b> of ${what} will never be delivered: ${Object.entries(plan.sinks).map(([sink, n]) => `${count(n)} to ${sink}`).join(', ')}.</p><p>Their records stay as they are. This cannot be taken back.</p>`;
    },
    run: async ({ reason }) => {
      const { discarded } = await ask('/api/v1/dead-letters/discards', { method: 'POST', body: { ...selection, reason } });
      await after();
      return `${many(discarded, 'dead letter')} discarded.`;
    },
  });
}

/** Asks whether to stop a replay. */
export function askStop(replay, after) {
  confirm({
    title: 'Stop the replay?', action: 'Stop it',
    preview: async () => html`<p>${count(replay.released)} of ${count(replay.total)} messages to <b>${replay.sink}</b> are released already, and are still sent. The rest stays dead, and can be replayed later.</p>`,
    run: async () => {
      await ask(`/api/v1/dead-letters/replays/${replay.id}/stop`, { method: 'POST', body: {} });
      await after();
      return 'The replay is stopped.';
    },
  });
}
