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
});

export const resizePoolBody = members({
  vmCount,
  busyVms: z.enum(['drain', 'requeue']).exactOptional(),
});
