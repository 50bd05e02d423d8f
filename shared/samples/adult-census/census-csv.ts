/** Census-like CSV of any length from a seed, streamed: what the demo scores, and tests and benchmarks feed. */
import {
  countries,
  educations,
  occupations,
  races,
  remarks,
  unmarriedRelationships,
  unmarriedStatuses,
  workclasses,
  type Category,
} from './census-categories.ts';
import { seededRandom } from './seeded-random.ts';

/** The model's 14 inputs, then a column of free text that the service passes through. */
export const censusColumns = [
  'age',
  'workclass',
  'fnlwgt',
  'education',
  'education-num',
  'marital-status',
  'occupation',
  'relationship',
  'race',
  'sex',
  'capital-gain',
  'capital-loss',
  'hours-per-week',
  'native-country',
  'remark',
] as const;

type Random = () => number;

/**
 * Chunks of about 100 KB that begin and end between rows; the first begins with the header. The same seed gives the
 * same text, and more rows of it begin with the same rows. Some fields are quoted that need not be, some must be;
 * missing values are `?`; lines end in LF.
 */
export async function* censusCsv(options: { rows: number; seed: number }): AsyncGenerator<string> {
  const random = seededRandom(options.seed);
  let chunk = `${censusColumns.join(',')}\n`;
  for (let row = 0; row < options.rows; row++) {
    chunk += `${personRow(random)}\n`;
    if (chunk.length < 100_000) continue;
    yield chunk;
    chunk = '';
  }
  if (chunk !== '') yield chunk;
}

function personRow(random: Random): string {
  const male = random() < 0.67;
  const age = between(random, 17, 90, 2);
  const married = age >= 20 && random() < (male ? 0.61 : 0.16);
  const educationNum = 1 + pickIndex(random, educations);
  const education = educations[educationNum - 1]?.[0] ?? '';
  const workclass = pick(random, workclasses);
  const values = [
    String(age),
    text(random, workclass),
    String(between(random, 12_285, 1_484_705, 5)),
    text(random, education),
    String(educationNum),
    text(random, married ? 'Married-civ-spouse' : pick(random, unmarriedStatuses)),
    text(random, workclass === '?' ? '?' : pick(random, occupations)),
    text(random, married ? (male ? 'Husband' : 'Wife') : pick(random, unmarriedRelationships)),
    text(random, pick(random, races)),
    male ? 'Male' : 'Female',
    String(rarely(random, 0.08, 114, 41_310)),
    String(rarely(random, 0.05, 155, 4_356)),
    String(random() < 0.45 ? 40 : Math.round((between(random, 1, 99, 1) + between(random, 1, 99, 1)) / 2)),
    text(random, pick(random, countries)),
    text(random, pick(random, remarks)),
  ];
  return values.join(',');
}

/** From `min` to `max`, both included; a higher `skew` leans towards `min`. */
function between(random: Random, min: number, max: number, skew: number): number {
  return min + Math.floor((max - min + 1) * random() ** skew);
}

function rarely(random: Random, share: number, min: number, max: number): number {
  return random() < share ? between(random, min, max, 3) : 0;
}

function pick(random: Random, categories: readonly Category[]): string {
  return categories[pickIndex(random, categories)]?.[0] ?? '';
}

function pickIndex(random: Random, categories: readonly Category[]): number {
  const total = categories.reduce((sum, [, weight]) => sum + weight, 0);
  let left = random() * total;
  return Math.max(
    0,
    categories.findIndex(([, weight]) => (left -= weight) < 0),
  );
}

/** One field in fifty is quoted without need, as some programs write all their text. */
function text(random: Random, value: string): string {
  const needsQuotes = /[",\r\n]/.test(value);
  const quoted = random() < 0.02;
  return needsQuotes || quoted ? `"${value.replaceAll('"', '""')}"` : value;
}
