/** Body of a commitment plan's PUT (bes-contract.md, section 8); what is read-only there is accepted and ignored. */
import { z } from 'zod';
import { limits } from '../core/limits.ts';
import { members, named, textOf } from './members.ts';

export const armCommon = {
  id: z.string().exactOptional(),
  name: z.string().exactOptional(),
  type: z.string().exactOptional(),
  etag: z.string().exactOptional(),
  location: textOf(0, 64).exactOptional(),
  tags: named(textOf(0, 256)).exactOptional(),
};

const tags = named(textOf(0, 256))
  .refine((given) => Object.keys(given).length <= limits.tagsMax, {
    error: `must have at most ${limits.tagsMax} members`,
  })
  .refine((given) => Object.keys(given).every((name) => name.length > 0 && name.length <= 512), {
    error: 'must have names of 1 to 512 characters',
  })
  .exactOptional();

const sku = members({
  name: textOf(1, 64),
  tier: z.string().exactOptional(),
  capacity: z.int().exactOptional(),
});

export const planBody = members({ ...armCommon, tags, sku, properties: z.unknown().exactOptional() }).meta({
  id: 'CommitmentPlanWish',
  description: 'A commitment plan: sku.name is its tier. What is read-only is ignored.',
});

/** What is not given stays as it is. */
export const planPatchBody = members({
  ...armCommon,
  tags,
  sku: sku.exactOptional(),
  properties: z.unknown().exactOptional(),
}).meta({ id: 'CommitmentPlanPatch', description: 'What changes of a commitment plan; the rest stays.' });

/** A plan's ARM id, or its own id of 32 hex digits. */
export const movePlanBody = members({ destinationPlanId: textOf(1, 1_024) }).meta({
  id: 'PlanMove',
  description: 'The plan that is to pay: its Resource Manager id, or its own id of 32 hex digits.',
});
