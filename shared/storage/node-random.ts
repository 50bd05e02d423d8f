/** Chance that nobody can foretell: ids must not be guessed. */
import { randomBytes } from 'node:crypto';
import type { Random } from '../app/ports.ts';

export const nodeRandom: Random = {
  hex: (digits) =>
    randomBytes(Math.ceil(digits / 2))
      .toString('hex')
      .slice(0, digits),
  fraction: () => randomBytes(6).readUIntBE(0, 6) / 2 ** 48,
};
