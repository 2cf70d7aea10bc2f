import type { Context, ServiceBroker, ServiceSchema } from 'moleculer';
import type { Actions, Events, TakeBatch, TakeChange } from '../../shared/contracts/actions.ts';
import type { SubmitOrders } from '../../shared/contracts/submissions.ts';
import type { NodeContext } from '../../shared/runtime/node-context.ts';
import { createEdge, type Edge } from './edge.ts';
import { tagsOf } from './process/processing.ts';

/** Checks items, makes chunks of them, keeps the only queue, and settles what became of each. */
export function createBatcher(node: NodeContext): ServiceSchema {
  let edge: Edge | undefined;
  const running = (): Edge => {
    if (edge === undefined) throw new Error('the batcher has not started');
    return edge;
  };

  return {
    name: 'batcher',
    settings: {},
    metadata: { tags: tagsOf(node.settings) },
    actions: {
      take: {
        visibility: 'public',
        handler: (ctx: Context<TakeBatch>) => running().take(ctx.params),
      },
      change: {
        visibility: 'public',
        handler: (ctx: Context<TakeChange>) => running().change(ctx.params),
      },
      openUpload: {
        visibility: 'public',
        handler: (ctx: Context<Actions['batcher.openUpload']['params']>) => running().large.open(ctx.params),
      },
      appendUpload: {
        visibility: 'public',
        handler: (ctx: Context<Actions['batcher.appendUpload']['params']>) => running().large.append(ctx.params.uploadId, ctx.params.segment),
      },
      finishUpload: {
        visibility: 'public',
        handler: (ctx: Context<Actions['batcher.finishUpload']['params']>) => running().large.finish(ctx.params.uploadId, ctx.params.items, ctx.params.bytes),
      },
      breakOffUpload: {
        visibility: 'public',
        handler: (ctx: Context<Actions['batcher.breakOffUpload']['params']>) => running().large.breakOff(ctx.params.uploadId),
      },
      submit: {
        visibility: 'public',
        handler: (ctx: Context<SubmitOrders>) => running().submit(ctx.params),
      },
      askTradeService: {
        visibility: 'public',
        handler: (ctx: Context<Actions['batcher.askTradeService']['params']>) => running().askTradeService(ctx.params.orderId),
      },
      steer: {
        visibility: 'public',
        handler: (ctx: Context<Actions['batcher.steer']['params']>) => running().large.steer(ctx.params.batchId, ctx.params.client, ctx.params.command),
      },
    },
    events: {
      '$services.changed': () => edge?.lookAround(),
      'batch.steered': () => edge?.steered(),
      'items.answered': () => edge?.answered(),
      'flushes.limited': (ctx: Context<Events['flushes.limited']>) => edge?.limited(ctx.params),
      'pools.judged': (ctx: Context<Events['pools.judged']>) => edge?.judged(ctx.params),
      '$node.connected': () => edge?.lookAround(),
      '$node.disconnected': () => edge?.lookAround(),
    },
    started(this: { broker: ServiceBroker }) {
      edge = createEdge(node, this.broker);
      edge.start();
      node.onDrain.push(async () => edge?.drain());
    },
    async stopped() {
      await edge?.stop();
    },
  };
}
