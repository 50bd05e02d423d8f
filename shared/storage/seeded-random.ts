/** Chance that a printed seed repeats: the generator xoshiro128** (Blackman, Vigna), for tests and simulation. */
import type { Random } from '../app/ports.ts';

export type SeededRandom = Random & {
  /** A whole number, 0 <= n < `below`. */
  below(below: number): number;
  pick<T>(from: readonly T[]): T;
  /** An independent stream, for a part of a simulation that must not shift the others. */
  fork(): SeededRandom;
};

/** Four hexadecimal digits each: a simulated day asks for thousands of ids. */
const quads = Array.from({ length: 0x1_0000 }, (_, n) => n.toString(16).padStart(4, '0'));

/** @param seed any whole number */
export function makeSeededRandom(seed: number): SeededRandom {
  const state = spread(seed);
  const next = () => step(state);
  const fraction = () => next() / 2 ** 32;
  const below = (n: number) => Math.floor(fraction() * n);
  return {
    hex(digits) {
      let text = '';
      while (text.length < digits) {
        const word = next();
        text += quads[word >>> 16]! + quads[word & 0xffff]!;
      }
      return text.length === digits ? text : text.slice(0, digits);
    },
    fraction,
    below,
    pick<T>(from: readonly T[]): T {
      if (from.length === 0) throw new Error('There is nothing to pick from.');
      return from[below(from.length)]!;
    },
    fork: () => makeSeededRandom(next()),
  };
}

/** Words of 32 bits, signed: numbers that the machine adds without a detour. */
type State = [number, number, number, number];

/** Splitmix32: four words of state from one seed. */
function spread(seed: number): State {
  const state: State = [0, 0, 0, 0];
  let word = seed >>> 0;
  for (let at = 0; at < 4; at++) {
    word = (word + 0x9e37_79b9) >>> 0;
    let mixed = Math.imul(word ^ (word >>> 16), 0x85eb_ca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2_ae35);
    state[at] = mixed ^ (mixed >>> 16);
  }
  return state;
}

function step(state: State): number {
  const first = state[0];
  const second = state[1];
  const third = state[2] ^ first;
  const fourth = state[3] ^ second;
  state[0] = first ^ fourth;
  state[1] = second ^ third;
  state[2] = third ^ (second << 9);
  state[3] = rotl(fourth, 11);
  return Math.imul(rotl(Math.imul(second, 5), 7), 9) >>> 0;
}

function rotl(word: number, by: number): number {
  return (word << by) | (word >>> (32 - by));
}
