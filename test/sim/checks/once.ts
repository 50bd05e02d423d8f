/** One request makes one thing, however often its writes had to be repeated. */
import { tagOf } from '../../../shared/core/ids.ts';
import type { MakeCheck } from './check.ts';

export const oneEach: MakeCheck = ({ violations, hooks, storage }) => {
  hooks.onServed.push(({ what, touched }) => {
    if (touched.tried.length < 2) return;
    for (const kind of ['job', 'pool'] as const) {
      const ids = touched.tried.filter((one) => one.kind === kind).map(({ id }) => id);
      if (ids.length < 2) continue;
      const made = new Set(
        ids.filter(
          (id) => storage.shadow.get(kind, tagOf(id), kind === 'job' ? `job|${id}` : 'm') !== undefined,
        ),
      );
      if (made.size > 1)
        violations.add('one-each', `${what} made ${made.size} rows of kind ${kind}`, [...made]);
    }
  });
  return {};
};
