/** One request makes one thing, however often its writes had to be repeated. */
import type { MakeCheck } from './check.ts';

export const oneEach: MakeCheck = ({ violations, hooks }) => {
  hooks.onServed.push(({ what, touched }) => {
    for (const [kind, ids] of touched.made) {
      if (ids.length > 1) violations.add('one-each', `${what} made ${ids.length} rows of kind ${kind}`, ids);
    }
  });
  return {};
};
