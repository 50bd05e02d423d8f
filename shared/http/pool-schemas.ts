/** Bodies of the pool service's calls (api.md, "Account"). */
import { z } from 'zod';
import { limits } from '../core/limits.ts';
import { members, textOf, wholeNumber } from './members.ts';

/** What any account may have at most; the account's own quota is the use case's to say. */
const vmCount = wholeNumber(0, limits.maxVmsPerPoolMax);

export const createPoolBody = members({
  vmCount,
  swaggerUrl: textOf(1, 2_048),
  name: textOf(1, limits.nameLengthMax).exactOptional(),
}).meta({
  id: 'PoolWish',
  description:
    'A pool: its number of VMs, and the swagger.json URL of the web service whose plan pays for them (understood by its path, never fetched).',
});

export const resizePoolBody = members({
  vmCount,
  busyVms: z
    .enum(['drain', 'requeue'])
    .describe(
      'Busy VMs that are too many: finish their jobs first, the default, or give them back to the queue.',
    )
    .exactOptional(),
}).meta({ id: 'PoolSize', description: 'The number of VMs that the pool is to have; 0 is possible.' });
