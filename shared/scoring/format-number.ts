/** Writes numbers with 9 significant digits, as text bytes: enough to tell any two float32 apart. */

const zero = 48;
const dot = 46;
const significant = 9;
const scaleMax = 10 ** significant;
/** Scaled values this near to a tie may round wrongly; they take the slow, exact way. */
const tieMargin = 1e-4;

/** Bytes a number can take: sign, digits, dot, exponent. */
export const numberBytesMax = 24;

/** The reference: shortest text of the value rounded to 9 digits. `-0` is `0`; not finite: `NaN`, `Infinity`. */
export function formatNumber(value: number): string {
  return Number.isInteger(value) && Math.abs(value) < scaleMax
    ? String(value + 0)
    : String(Number(value.toPrecision(significant)));
}

function writeText(bytes: Uint8Array, at: number, text: string): number {
  for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i);
  return at + text.length;
}

/** Writes `0.` and `places` digits of `digits`, without zeros at the end. */
function writeFraction(bytes: Uint8Array, at: number, digits: number, places: number): number {
  let rest = digits;
  let count = places;
  while (rest % 10 === 0) {
    rest = (rest / 10) | 0;
    count--;
  }
  bytes[at] = zero;
  bytes[at + 1] = dot;
  const end = at + 2 + count;
  for (let i = end - 1; i > at + 1; i--) {
    const tenth = (rest / 10) | 0;
    bytes[i] = zero + rest - tenth * 10;
    rest = tenth;
  }
  return end;
}

/** Writes `formatNumber(value)` at `at`. @returns The position behind it. */
export function writeNumber(bytes: Uint8Array, at: number, value: number): number {
  // JavaScript writes numbers below 1e-6 with an exponent.
  if (!(value >= 1e-6 && value < 1)) return writeText(bytes, at, formatNumber(value));
  let scaled = value * scaleMax;
  let places = significant;
  while (scaled < scaleMax / 10) {
    scaled *= 10;
    places++;
  }
  const digits = Math.round(scaled);
  if (digits >= scaleMax || Math.abs(Math.abs(scaled - digits) - 0.5) < tieMargin) {
    return writeText(bytes, at, formatNumber(value));
  }
  return writeFraction(bytes, at, digits, places);
}
