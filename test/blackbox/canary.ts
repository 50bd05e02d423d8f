/** Secrets that are planted, and the search for them: in every spelling, in texts, processes and files. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

export type Canary = { readonly name: string; readonly secret: string };

/**
 * As it is, in a URL, in hex, as base64 of its text at each of the three offsets, and as the bytes that its base64
 * stands for.
 */
function spellings(whole: string): Buffer[] {
  // Most of a secret is a secret: messages cut what they show.
  const secret = whole.slice(0, Math.max(24, Math.floor(whole.length / 2)));
  const bytes = Buffer.from(secret);
  const texts = [
    secret,
    encodeURIComponent(secret),
    bytes.toString('hex'),
    JSON.stringify(secret).slice(1, -1),
  ];
  const within = [0, 1, 2].map((offset) => {
    const base64 = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64');
    // The first and the last characters depend on the neighbours.
    return base64.slice(offset === 0 ? 0 : 4, -4);
  });
  const decoded = /^[A-Za-z0-9+/]{40,}={0,2}$/.test(whole)
    ? [Buffer.from(whole, 'base64').subarray(0, 24)]
    : [];
  return [...[...texts, ...within].map((text) => Buffer.from(text)), ...decoded];
}

/** Where which secrets are found: `name of the secret in place`. */
export function findCanaries(
  canaries: readonly Canary[],
  places: readonly { readonly place: string; readonly content: string | Buffer }[],
): string[] {
  const searched = canaries.map(({ name, secret }) => ({ name, spelt: spellings(secret) }));
  return places.flatMap(({ place, content }) => {
    const bytes = Buffer.from(content as Buffer);
    return searched
      .filter(({ spelt }) => spelt.some((one) => bytes.includes(one)))
      .map(({ name }) => `${name} in ${place}`);
  });
}

/** Every file below a folder. */
export function filesIn(folder: string): { place: string; content: Buffer }[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile())
    .map((path) => ({ place: path.slice(folder.length), content: readFileSync(path) }));
}

/** Command line and environment of a process, as anybody of the same user sees them. */
export function processPlaces(name: string, pid: number): { place: string; content: Buffer }[] {
  return ['cmdline', 'environ'].flatMap((part) => {
    try {
      return [{ place: `${part} of ${name}`, content: readFileSync(`/proc/${pid}/${part}`) }];
    } catch {
      // It has ended meanwhile.
      return [];
    }
  });
}
