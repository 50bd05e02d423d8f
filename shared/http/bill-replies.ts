/** What a plan's bill answers (api.md, "Account"): integer milliseconds, integer micro-USD. */
import { z } from 'zod';
import { count, id, shape, time } from './reply-schemas.ts';

const quantities = shape('MeteredUse', 'Compute time and transactions.', {
  computeMs: count,
  transactions: count,
});

export const metersReply = { included: quantities, used: quantities, overage: quantities };
export type MetersReply = z.output<z.ZodObject<typeof metersReply>>;

export const spentReply = {
  amountMicros: count.describe('Millionths of a US dollar.'),
  currency: z.literal('USD'),
};

const periodReply = shape('PeriodBill', 'One 30-day period of a plan.', {
  start: time,
  end: time,
  ...metersReply,
  amountMicros: spentReply.amountMicros,
  pools: z.array(z.strictObject({ poolId: id, computeMs: count })),
  classic: quantities,
});
export type PeriodReply = z.output<typeof periodReply>;

export const billReply = shape('PlanBill', 'What a plan costs, by period.', {
  ...spentReply,
  periods: z.array(periodReply),
});
export type BillReply = z.output<typeof billReply>;
