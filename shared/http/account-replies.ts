/** What the operator's calls answer, and keys (api.md, "Operator"). */
import { z } from 'zod';
import { count, id, listOf, shape, time } from './reply-schemas.ts';

export const accountReply = shape('Account', 'A pool account: what a subscription may have, and has.', {
  subscriptionId: id,
  maxPools: count,
  maxVmsPerPool: count,
  pools: count.describe('Pools that it has now.'),
  poolServiceUrl: z.string().describe('The Pool Service URL that the customer gets.'),
});
export type AccountReply = z.output<typeof accountReply>;

export const accountListReply = listOf('AccountList', accountReply);

const key = z.string().describe('Base64 of 64 bytes.');

export const keysReply = shape('Keys', 'Both keys; either opens the same calls.', {
  primary: key,
  secondary: key,
});
export type KeysReply = z.output<typeof keysReply>;

export const workspaceReply = shape('Workspace', 'A classic workspace and who pays for its jobs.', {
  workspaceId: id,
  subscriptionId: id.describe('The account whose pools its services may use.'),
  commitmentPlanId: id.describe('The plan that pays for its classic jobs.'),
  createdAt: time,
});
export type WorkspaceReply = z.output<typeof workspaceReply>;
