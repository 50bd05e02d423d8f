/** The last wish wins: an older one never takes the place of a newer; and a deleted pool stays deleted. */
import { tagOf } from '../../../shared/core/ids.ts';
import type { MakeCheck } from './check.ts';

const order = { active: 0, deleting: 1, deleted: 2 } as const;

export const wishes: MakeCheck = ({ storage, violations }) => {
  storage.onChange('pool', ({ before, after }) => {
    if (before === undefined || after === undefined) return;
    const ids = [after.poolId, tagOf(after.poolId)];
    if (after.wish.stampMs < before.wish.stampMs)
      violations.add(
        'wishes',
        `pool ${after.poolId} goes back to a wish of ${after.wish.stampMs} from ${before.wish.stampMs}`,
        ids,
      );
    if (order[after.kind] < order[before.kind])
      violations.add('wishes', `pool ${after.poolId} was ${before.kind} and is ${after.kind}`, ids);
  });
  return {};
};
