/** What the columns of an output hold: as the input's format says, else as the model takes them or gives them. */
import { looseName } from '../scoring/match-names.ts';
import type { ModelInfo } from '../scoring/model-info.ts';
import type { ColumnType } from './table-source.ts';

const ofInputs = {
  float32: 'number',
  float64: 'number',
  int64: 'integer',
  bool: 'text',
  string: 'text',
} as const;
const ofScores = { string: 'text', int64: 'integer', float64: 'number' } as const;

/** @param names of the whole output, in order @param known of its first columns */
export function columnTypes(
  names: readonly string[],
  known: readonly (ColumnType | undefined)[],
  info: Pick<ModelInfo, 'inputs' | 'columns'>,
): ColumnType[] {
  const taken = new Map<string, ColumnType>();
  for (const { name, type, width, columns = [] } of info.inputs) {
    for (const column of width === 1 ? [name] : columns) taken.set(looseName(column), ofInputs[type]);
  }
  const first = names.length - info.columns.length;
  return names.map((name, i) => {
    const scored = info.columns[i - first];
    if (i >= first && scored !== undefined) return ofScores[scored.type];
    const ofModel = taken.get(looseName(name)) ?? 'text';
    const ofFormat = known[i] ?? ofModel;
    return ofFormat === 'text-or-null' && ofModel !== 'text' ? ofModel : ofFormat;
  });
}
