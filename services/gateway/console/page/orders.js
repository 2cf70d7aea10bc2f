import { ask } from './api.js';
import { confirm } from './dialog.js';
import { ago, many, shortId } from './format.js';
import { useAsk, useTitle } from './hooks.js';
import { html } from './html.js';
import { Asked, Empty, Head, Panel, State, Table } from './parts.js';
import { href } from './router.js';

const LOOK_MS = 5_000;
const FLAGS = { overdue: 'not known', clash: 'there more than once' };

/** Orders in submission that wait for a person. */
export function Orders({ mayOperate }) {
  useTitle('Orders');
  const asked = useAsk('/api/v1/overdue-orders', LOOK_MS);
  return html`<${Head} title="Orders">Orders in submission that a person must look at: the trade service could not be asked for too long, or has them more than once. None of them is sent again before it is settled.<//>
    <${Panel} flush><${Asked} of=${asked} lines=${5}>${({ orders }) => orders.length === 0 ? html`<${Empty} title="No order waits for a person" sign="✓">Every submission has an end, or is still looked after by Sluice itself.<//>` : html`<${Table} label="Overdue orders" head=${[{ name: 'Order', class: 'n' }, 'At the trade service', 'In submission since', 'Submission', ...(mayOperate ? ['Settle'] : [])]}>
      ${orders.map((order) => html`<tr key=${order.id} data-row tabindex="0"><td class="n"><a href=${href('receipts', 'order', order.id)} tabindex="-1">${order.id}</a></td><td><${State} of=${FLAGS[order.flag] ?? order.flag} tone="warn" /></td><td class="quiet">${order.since === null ? '–' : ago(order.since)}</td><td class="mono small quiet" title=${order.submissionId}>${shortId(order.submissionId)}</td>
        ${mayOperate && html`<td><span class="row-actions"><button type="button" class="small" onClick=${() => askSettle(order, 'sent', asked.reload)}>It was sent…<span class="sr"> order ${order.id}</span></button><button type="button" class="small" onClick=${() => askSettle(order, 'new', asked.reload)}>It was not…<span class="sr"> order ${order.id}</span></button></span></td>`}</tr>`)}<//>`}<//><//>`;
}

/**
 * Asks whether to end the submission of an order; the trade service is asked first.
 * @param {{ id: number }} order
 * @param {'sent' | 'new'} as
 * @param {() => Promise<void>} after
 */
function askSettle({ id }, as, after) {
  const path = `/api/v1/overdue-orders/${id}/settle`;
  confirm({
    title: `Settle order ${id}?`, action: as === 'sent' ? 'It was sent' : 'It was not sent',
    fields: [...(as === 'sent' ? [{ name: 'tradeOrderId', label: 'Trade order', hint: 'where the trade service names more than one' }] : []), { name: 'why', label: 'Why', hint: 'kept in the audit' }],
    preview: async () => {
      try {
        const { outcome, tradeOrderId, tradeService } = await ask(path, { method: 'POST', body: { as, dryRun: true } });
        return html`<p>The trade service ${saidOf(tradeService)}.</p><p class="fromto"><span>in submission</span> → <b>${outcome === 'sent' ? `sent, as trade order ${tradeOrderId}` : 'new'}</b></p>${outcome !== 'sent' && html`<p>It may be submitted again.</p>`}`;
      } catch (error) {
        // Which of several it is can be said here; anything against what the trade service says is done by force, and not from a page.
        if (error.code === 'trade-order-unknown') return html`<p>${error.message}</p>`;
        if (error.code === 'trade-service-disagrees' || error.code === 'trade-service-away') error.message += ` By force: sluice orders settle ${id} ${as} --force`;
        throw error;
      }
    },
    run: async ({ tradeOrderId = '', why = '' }) => {
      const { outcome, tradeOrderId: trade } = await ask(path, { method: 'POST', body: { as, ...(tradeOrderId.trim() === '' ? {} : { tradeOrderId: Number(tradeOrderId) }), ...(why.trim() === '' ? {} : { why: why.trim() }) } });
      await after();
      return outcome === 'sent' ? `Order ${id} is sent, as trade order ${trade}.` : `Order ${id} is new, and may be submitted again.`;
    },
  });
}

function saidOf({ answer, tradeOrderIds = [], why }) {
  return { known: `has it, as ${tradeOrderIds.join(' and ')} (${many(tradeOrderIds.length, 'trade order')})`, none: 'does not have it', unavailable: `could not be asked (${why})` }[answer];
}
