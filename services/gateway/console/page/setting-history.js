import { ask } from './api.js';
import { confirm } from './dialog.js';
import { time } from './format.js';
import { html } from './html.js';
import { Panel, Table } from './parts.js';
import { href } from './router.js';

/** Who changed what, newest first; the newest change of each setting can be taken back. */
export function History({ content, mayOperate, after }) {
  if (content.length === 0) return null;
  const newest = new Map(content.toReversed().map(({ change, setting }) => [setting, change]));
  return html`<${Panel} title="Changes" flush><${Table} label="Changes of settings" head=${[{ name: '#', class: 'n' }, 'Setting', 'From', 'To', 'Who', 'When', '']}>
    ${content.map((row) => html`<tr key=${row.change}><td class="n quiet">${row.change}</td><td><a class="mono small" href=${href('settings', row.setting)}>${row.setting}</a>${row.why && html`<br /><span class="quiet small">${row.why}</span>`}${row.guard && html`<br /><span class="quiet small">guard: ${row.guard.outcome === null ? `watches until ${time(row.guard.until)}` : row.guard.outcome === 'reverted' ? 'took it back' : row.guard.reason}</span>`}</td>
      <td class="mono small">${row.from ?? 'as set'}</td><td class="mono small"><b>${row.to ?? 'as set'}</b></td><td>${row.who}</td><td class="quiet">${time(row.at)}</td>
      <td class="n">${row.revertedBy !== null ? html`<span class="quiet small">reverted by ${row.revertedBy}</span>` : row.reverts !== null ? html`<span class="quiet small">reverts ${row.reverts}</span>` : ''}
        ${mayOperate && newest.get(row.setting) === row.change && html` <button type="button" class="small" onClick=${() => askRevert(row, after)}>Revert<span class="sr"> change ${row.change}</span></button>`}</td></tr>`)}
  <//><//>`;
}

/** Asks whether to take a change back, and does it. */
function askRevert({ change, setting }, after) {
  confirm({
    title: `Revert change ${change}?`, action: 'Revert it', fields: [{ name: 'why', label: 'Why', hint: 'kept in the history' }],
    preview: async () => {
      const { from, to } = await ask(`/api/v1/settings/history/${change}/revert`, { method: 'POST', body: { dryRun: true } });
      return html`<p class="mono">${setting}</p><p class="fromto"><span>${from ?? 'as set in the environment'}</span> → <b>${to ?? 'as set in the environment'}</b></p><p>On every node, within two seconds.</p>`;
    },
    run: async ({ why = '' }) => {
      await ask(`/api/v1/settings/history/${change}/revert`, { method: 'POST', body: why.trim() === '' ? {} : { why: why.trim() } });
      await after();
      return `Change ${change} of ${setting} is taken back.`;
    },
  });
}
