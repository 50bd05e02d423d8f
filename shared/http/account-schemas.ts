/** Bodies of the operator's calls (api.md, "Operator"). */
import { z } from 'zod';
import { limits } from '../core/limits.ts';
import { members, textOf, wholeNumber } from './members.ts';

export const quotasBody = members({
  maxPools: wholeNumber(0, limits.maxPoolsMax),
  maxVmsPerPool: wholeNumber(0, limits.maxVmsPerPoolMax),
}).meta({ id: 'Quotas', description: 'How many pools an account may have, and how many VMs in each.' });

export const regenerateKeyBody = members({ keyName: z.enum(['primary', 'secondary']) }).meta({
  id: 'KeyToRegenerate',
  description: 'Which key becomes invalid; the other one stays.',
});

/** The plan: its id (32 hex digits) or its Resource Manager id. */
export const workspaceBody = members({
  subscriptionId: textOf(1, 64),
  commitmentPlanId: textOf(1, 1_024),
}).meta({
  id: 'WorkspaceTie',
  description: 'The account whose pools the workspace may use, and the plan that pays for its classic jobs.',
});
