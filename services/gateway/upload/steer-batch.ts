import type { ServiceBroker } from 'moleculer';
import type { BatchCommand } from '../../../shared/batches/states.ts';
import type { Actions } from '../../../shared/contracts/actions.ts';
import { ownerToChange } from '../access/own-batch.ts';
import type { Run } from '../batches/large-facts.ts';
import type { Answer, Call } from '../http/call.ts';
import { ignoredHeader, unknownParameters, type UnknownQuery } from '../http/parameters.ts';
import { batchIdOf } from '../list/batch-id.ts';

/** The last part of a path is the command. */
export async function steerBatch(run: Run, broker: ServiceBroker, command: BatchCommand, unknown: UnknownQuery, call: Call): Promise<Answer> {
  const batchId = batchIdOf(call);
  const ignored = unknownParameters(call.url, [], unknown);
  const params: Actions['batcher.steer']['params'] = { batchId, client: await ownerToChange(run, call.caller, batchId), command };
  const state: Actions['batcher.steer']['result'] = await broker.call('batcher.steer', params, { timeout: call.deadlineAt - performance.now() });
  // A nudge: every edge looks by itself each second.
  void broker.broadcast('batch.steered', { batchId });
  return { status: 200, headers: ignoredHeader(ignored), body: JSON.stringify({ batchId, state }) };
}
