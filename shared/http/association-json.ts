/** A web service's tie to its plan, as Resource Manager clients read it (bes-contract.md, section 8). */
import type { Association } from '../app/move-plan.ts';
import { isoTime } from './iso-time.ts';
import type { AssociationReply } from './plan-replies.ts';
import { armId, idOf } from './service-json.ts';

export function associationJson({ plan, service, pending }: Association): AssociationReply {
  const planId = armId('commitmentPlans', plan);
  return {
    id: `${planId}/commitmentAssociations/${service.serviceId}`,
    name: service.serviceId,
    type: 'Microsoft.MachineLearning/commitmentPlans/commitmentAssociations',
    location: 'local',
    properties: {
      associatedResourceId: idOf(service),
      commitmentPlanId: planId,
      creationDate: isoTime(service.createdMs),
      // Ours: a move that has not begun, with the first hour that the other plan pays.
      ...(pending === undefined
        ? {}
        : { pendingMove: { commitmentPlanId: pending.planId, from: isoTime(pending.fromMs) } }),
    },
  };
}
