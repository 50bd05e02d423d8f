/** Bodies of the operator's calls (api.md, "Operator"). */
import { z } from 'zod';
import { limits } from '../core/limits.ts';
import { members, wholeNumber } from './members.ts';

export const quotasBody = members({
  maxPools: wholeNumber(0, limits.maxPoolsMax),
  maxVmsPerPool: wholeNumber(0, limits.maxVmsPerPoolMax),
});

export const regenerateKeyBody = members({ keyName: z.enum(['primary', 'secondary']) });
