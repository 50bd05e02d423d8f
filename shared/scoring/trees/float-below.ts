/** The neighbour of a 32-bit float. */

const oneFloat = new Float32Array(1);
const itsBits = new Int32Array(oneFloat.buffer);

/** `x < t` is `x <= floatBelow(t)` for 32-bit floats. NaN below the least: nothing is. */
export function floatBelow(threshold: number): number {
  oneFloat[0] = threshold;
  if (threshold === 0) itsBits[0] = -0x7fffffff;
  else itsBits[0] = itsBits[0]! + (threshold > 0 ? -1 : 1);
  return oneFloat[0];
}
