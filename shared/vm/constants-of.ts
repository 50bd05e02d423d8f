/** Which parameters of a web service go into its model: those that name one of its inputs. Pure. */
import type { Assignment } from '../core/vm-protocol.ts';
import { looseName } from '../scoring/match-names.ts';
import type { ModelInfo } from '../scoring/model-info.ts';

/** Named as columns are; the others (`millpond.` and a service's own) are not the model's business. */
export function constantsOf(
  parameters: Assignment['parameters'],
  info: Pick<ModelInfo, 'inputs'>,
): Record<string, string | number | boolean> {
  const names = info.inputs.flatMap((input) =>
    input.width === 1 ? [input.name] : [...(input.columns ?? [])],
  );
  const taken = new Set(names.map(looseName));
  return Object.fromEntries(Object.entries(parameters).filter(([name]) => taken.has(looseName(name))));
}
