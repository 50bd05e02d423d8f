/** Body of a commitment plan's PUT (bes-contract.md, section 8); what is read-only there is accepted and ignored. */
import { z } from 'zod';
import { members, named, textOf } from './members.ts';

export const armCommon = {
  id: z.string().exactOptional(),
  name: z.string().exactOptional(),
  type: z.string().exactOptional(),
  etag: z.string().exactOptional(),
  location: textOf(0, 64).exactOptional(),
  tags: named(textOf(0, 256)).exactOptional(),
};

export const planBody = members({
  ...armCommon,
  sku: members({
    name: textOf(1, 64),
    tier: z.string().exactOptional(),
    capacity: z.int().exactOptional(),
  }),
  properties: z.unknown().exactOptional(),
});
