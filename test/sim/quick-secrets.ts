/**
 * Secrets that are sealed in name only: bound to their context, opened for no other, and no longer readable at a
 * glance.
 */
import { Buffer } from 'node:buffer';
import type { Secrets } from '../../shared/app/ports.ts';

/** @param real does everything but the sealing */
export function makeQuickSecrets(real: Secrets): Secrets {
  return {
    ...real,
    seal: (plain, context) => `quick.${Buffer.from(`${context}\n${plain}`, 'latin1').toString('base64url')}`,
    open(sealed, context) {
      const text = Buffer.from(sealed.slice('quick.'.length), 'base64url').toString('latin1');
      if (!text.startsWith(`${context}\n`)) throw new Error('It was sealed for another context.');
      return text.slice(context.length + 1);
    },
  };
}
