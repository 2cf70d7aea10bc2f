import { Chart } from './chart.js';
import { brief, bytes, count, ms, rate, shortId, span, time } from './format.js';
import { useStore, useTitle } from './hooks.js';
import { html } from './html.js';
import { live } from './live.js';
import { outlook } from './outlook.js';
import { Bar, Empty, Head, Loading, Panel, State, Table } from './parts.js';
import { Queues } from './queues.js';
import { href, VIEWS } from './router.js';
import { Stage } from './stage.js';

const TITLES = { intake: 'Intake', queue: 'Queue', flush: 'Flush', ledger: 'Ledger', relay: 'Relay', kafka: 'Kafka' };

/** The view that says more of a stage. */
const LOOK = { intake: 'clients', queue: 'clients', flush: 'pools', relay: 'nodes', kafka: 'pools' };
/** What was refused, or is put off, has a view of its own. */
const lookAt = ({ stage, says }) => (/refused for good|put off/.test(says) ? 'letters' : LOOK[stage]);

/** Where it is slow, at a glance. */
export function Flow({ mayOperate }) {
  useTitle('Flow');
  const { snapshot, moments, status } = useStore(live);
  if (snapshot === null) return html`<${Head} title="Flow">The way of every record, live.<//>${status === 'lost' ? html`<${Empty} title="Nothing was heard yet" sign="⌁">Sluice does not answer; this page tries again by itself.<//>` : html`<${Loading} lines=${8} what="Waiting for the first figures" />`}`;
  return html`<${Head} title="Flow">The way of every record, from its request to Kafka.<//>
    <${Verdict} findings=${snapshot.findings} levels=${snapshot.levels} silent=${snapshot.silent} />
    <${Picture} ...${snapshot} />
    <div class="columns two">
      <${Panel} title="The last minutes" note="records a second"><${Chart} label="Records a second" seconds=${120} times=${moments.map(({ at }) => at)} format=${rate} series=${[
        { name: 'written', color: 'accent', values: moments.map(({ written }) => written) }, { name: 'delivered', color: 'second', dash: true, values: moments.map(({ delivered }) => delivered) }]} /><//>
      <${Panel} title="What waits" note=${outlook(moments) ?? 'records'}><${Chart} label="Records that wait" seconds=${120} times=${moments.map(({ at }) => at)} series=${[
        { name: 'for a writer', color: 'accent', values: moments.map(({ waiting }) => waiting) }, { name: 'for their sink', color: 'second', dash: true, values: moments.map(({ backlog }) => backlog) }]} /><//>
    </div>
    <div class="columns two">
      <${Atwork} batches=${snapshot.batches} more=${snapshot.moreBatches} />
      <${Sinks} kafka=${snapshot.stages.kafka} />
    </div>
    <${Queues} mayOperate=${mayOperate} />`;
}

/** One sentence: all is well, or where to look first. */
function Verdict({ findings, levels, silent }) {
  const [worst, ...others] = findings;
  const idle = Object.values(levels).every((level) => level === 'idle');
  return html`<div class=${`verdict ${worst?.level ?? 'flowing'}`} role="status">
    <span class="sign" aria-hidden="true">${worst === undefined ? '✓' : worst.level === 'stuck' ? '✕' : '!'}</span>
    <div><p class="strong">${worst === undefined ? (idle ? 'All quiet: nothing comes, nothing waits.' : 'It flows: nothing is held up.') : html`${TITLES[worst.stage]}: ${worst.says}<${Look} at=${lookAt(worst)} />`}</p>
    ${others.length > 0 && html`<ul>${others.map((other) => html`<li key=${other.stage + other.says}><b>${TITLES[other.stage]}</b> ${other.says}<${Look} at=${lookAt(other)} /></li>`)}</ul>`}
    ${silent.length > 0 && html`<p>Did not answer this time: ${silent.join(', ')}</p>`}</div>
  </div>`;
}

/** Where more is said. */
function Look({ at }) {
  return at === undefined ? null : html` <a class="look" href=${href(at)}>${VIEWS.find(({ name }) => name === at).title} →</a>`;
}

function Picture({ stages, levels, findings }) {
  const { intake, queue, flush, ledger, relay, kafka } = stages;
  const says = (stage) => findings.find((finding) => finding.stage === stage)?.says;
  const stage = (name, rest) => html`<${Stage} key=${name} name=${TITLES[name]} level=${levels[name]} says=${says(name)} ...${rest} />`;
  const rows = flush.rowsPerS;
  return html`<ol class="flow" aria-label="Stages, in the order that a record passes them">
    ${stage('intake', { figure: rate(intake.batchesPerS), unit: 'batches/s', out: rows ?? 0, facts: [['in work', count(intake.inWork)], ['uploads', count(intake.uploads)], ['answer', ms(intake.answerMs)], ['bodies', bytes(intake.bodiesBytes)], ['refused', `${rate(intake.refusedPerS)}/s`], ...(intake.limitedPerS > 0 ? [['over a limit', `${rate(intake.limitedPerS)}/s`]] : [])] })}
    ${stage('queue', { figure: brief(queue.waiting), unit: 'items wait', basin: queue.waiting, out: rows ?? 0, facts: [['oldest', span(queue.oldestS)], ['in lanes', brief(queue.lanes)], ['under way', brief(queue.underway)], ['rejected', `${rate(queue.rejectedPerS)}/s`]] })}
    ${stage('flush', { figure: rate(rows), unit: 'rows/s', out: rows ?? 0, facts: [['slots', `${count(flush.slots - flush.freeSlots)} of ${count(flush.slots)}`], ['a flush', ms(flush.flushMs)], ['tried again', `${rate(flush.retriesPerS)}/s`], ['writers', count(flush.nodes)]] })}
    ${stage('ledger', { figure: brief(ledger.waiting), unit: 'undelivered', basin: ledger.waiting, out: relay.messagesPerS ?? 0, facts: [['oldest', ledger.waiting === 0 ? '–' : span(ledger.oldestS)], ['dead letters', html`<a href=${href('letters')}>${count(ledger.deadLetters)}</a>`]] })}
    ${stage('relay', { figure: rate(relay.messagesPerS), unit: 'messages/s', out: relay.messagesPerS ?? 0, facts: [['a send', ms(relay.sendMs)], ['put off', `${rate(relay.retriesPerS)}/s`], ['shards', count(relay.shards)], ['relays', count(relay.nodes)]] })}
    ${stage('kafka', { figure: rate(relay.messagesPerS), unit: 'acknowledged/s', last: true, out: 0, facts: [['breaker', html`<${State} of=${kafka.breaker} />`], ['sinks', count(kafka.sinks.length)]] })}
  </ol>`;
}

function Atwork({ batches, more }) {
  return html`<${Panel} title="Large batches at work" actions=${html`<a href=${href('batches')}>All of them</a>`}>
    ${batches === null ? html`<p class="quiet">The database does not answer; what is at work is not known right now.</p>` : batches.length === 0 ? html`<${Empty} title="None at work">A large batch that is sent to <code>POST /api/v1/batches/…</code> is seen here while it runs.<//>` : html`<ul class="atwork">
      ${batches.map((batch) => html`<li key=${batch.batchId}><a href=${href('batches', batch.batchId)} data-row><span class="mono">${shortId(batch.batchId)}</span><span class="quiet">${batch.kind}</span><${State} of=${batch.state} /></a>
        <${Bar} share=${batch.state === 'READY' ? 0 : batch.progress.share} label=${`Batch ${batch.batchId}`} tone=${batch.state === 'PAUSED' ? 'paused' : ''} />
        <span class="quiet small">${brief(batch.progress.items)}${batch.progress.total === null ? '' : ` of ${brief(batch.progress.total)}`} items${batch.state === 'READY' ? ' staged · waits for its start' : ` · ${rate(batch.rate)}/s · ${batch.predictedFinish === null ? 'no finish in sight' : `done at ${time(batch.predictedFinish)}`}`}</span></li>`)}
    </ul>${more && html`<p class="quiet small">There are more.</p>`}`}
  <//>`;
}

function Sinks({ kafka }) {
  return html`<${Panel} title="Sinks and breakers">
    ${kafka.sinks.length === 0 ? html`<${Empty} title="No relay tells of a sink">A relay delivers what is written; start one with <code>sluice relay</code>.<//>` : html`<${Table} label="Sinks" head=${['Sink', { name: 'per s', class: 'n' }, { name: 'wait', class: 'n' }, { name: 'oldest', class: 'n' }, { name: 'dead', class: 'n' }]}>
      ${kafka.sinks.map((sink) => html`<tr key=${sink.sink}><td class="clip" title=${sink.sink}>${sink.sink}</td><td class="n">${rate(sink.messagesPerS)}</td><td class="n">${brief(sink.waiting)}</td><td class="n">${sink.waiting === 0 ? '–' : span(sink.oldestS)}</td><td class="n">${count(sink.deadLetters)}</td></tr>`)}
    <//>`}
    ${kafka.breakers.length > 0 && html`<ul class="breakers">${kafka.breakers.map(({ name, node, state }) => html`<li key=${name + node}><${State} of=${state} /><b>${name}</b><span class="quiet clip" title=${node}>${node}</span></li>`)}</ul>`}
  <//>`;
}
