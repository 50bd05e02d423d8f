/** Secrets that are sealed in name only: a ticket for what is kept here, bound to its context and opened for no other. */
import type { Secrets } from '../../shared/app/ports.ts';

/** @param real does everything but the sealing */
export function makeQuickSecrets(real: Secrets): Secrets {
  const kept: { readonly plain: string; readonly context: string }[] = [];
  return {
    ...real,
    seal: (plain, context) => `quick.${kept.push({ plain, context }) - 1}`,
    open(sealed, context) {
      const one = kept[Number(sealed.slice('quick.'.length))];
      if (one?.context !== context) throw new Error('It was sealed for another context.');
      return one.plain;
    },
  };
}
