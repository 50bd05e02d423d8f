/** Bills and usage on the wire (api.md, "Account"): integer milliseconds, integer micro-USD. */
import type { Bill, PeriodBill } from '../app/bill.ts';
import type { PoolUsage } from '../app/pool-usage.ts';
import { hourMs, type Usage } from '../core/plan.ts';
import type { BillReply, MetersReply, PeriodReply } from './bill-replies.ts';
import { isoTime } from './iso-time.ts';
import type { UsageReply } from './pool-replies.ts';

export function billJson(bill: Bill): BillReply {
  return { currency: 'USD', amountMicros: bill.amountMicros, periods: bill.periods.map(periodJson) };
}

function periodJson(one: PeriodBill): PeriodReply {
  return {
    start: isoTime(one.period.startMs),
    end: isoTime(one.period.endMs),
    ...meters(one),
    amountMicros: one.amountMicros,
    pools: [...one.pools],
    classic: { computeMs: one.usage.classicMs, transactions: one.usage.transactions },
  };
}

function meters({ period, usage, overage }: PeriodBill): MetersReply {
  const { includedComputeMs, includedTransactions } = period.rates;
  return {
    included: { computeMs: includedComputeMs, transactions: includedTransactions },
    used: used(usage),
    overage,
  };
}

function used(usage: Usage): MetersReply['used'] {
  return { computeMs: usage.poolMs + usage.classicMs, transactions: usage.transactions };
}

/** @param present the bill of the present period of the plan that the pool bills to */
export function usageJson(
  usage: PoolUsage,
  commitmentPlanId: string | undefined,
  present: PeriodBill | undefined,
): UsageReply {
  return {
    from: isoTime(usage.fromMs),
    to: isoTime(usage.toMs),
    computeMs: usage.computeMs,
    computeHours: usage.computeMs / hourMs,
    posted: { computeMs: usage.postedMs },
    hours: usage.hours.map((hour) => ({
      hour: isoTime(hour.hourMs),
      computeMs: hour.computeMs,
      vms: hour.vms,
    })),
    plan:
      present === undefined
        ? null
        : {
            commitmentPlanId: commitmentPlanId ?? null,
            periodStart: isoTime(present.period.startMs),
            periodEnd: isoTime(present.period.endMs),
            ...meters(present),
            amountMicros: present.amountMicros,
            currency: 'USD',
          },
  };
}
