/**
 * Long-running operations as management clients follow them (bes-contract.md, section 8). Here a call is answered when
 * its work is done, so an operation is over at once: its state is that of the web service that it changed.
 */
import type { Service } from '../core/service.ts';
import type { Call } from './call.ts';
import { isoTime } from './iso-time.ts';
import type { AsyncOperationReply } from './service-replies.ts';

/** On the host that the caller used; clients append to it (`&region=`). */
export function asyncOperation(call: Call, { subscriptionId, serviceId }: Service): Record<string, string> {
  const path = `/subscriptions/${subscriptionId}/providers/Microsoft.MachineLearning/operations/${serviceId}`;
  return { 'azure-asyncoperation': `${call.origin}${path}?api-version=2017-01-01` };
}

/** `AsyncOperationStatus`; `status` is what Resource Manager's own clients look at. */
export function operationJson({ serviceId, state, modifiedMs }: Service): AsyncOperationReply {
  const status = state.kind === 'failed' ? 'Failed' : 'Succeeded';
  const error =
    state.kind === 'failed' ? { code: 'ModelRefused' as const, message: state.reason } : undefined;
  return {
    id: serviceId,
    name: serviceId,
    status,
    provisioningState: status,
    startTime: isoTime(modifiedMs),
    endTime: isoTime(modifiedMs),
    percentComplete: 100,
    ...(error === undefined ? {} : { error, errorInfo: error }),
  };
}
