/** What stops the host from starting: told in one sentence instead of 503 for every request, as the real host does. */

/** A mistake of the app or its settings that the user has to mend; `message` is the whole sentence. */
export class HostRefusal extends Error {
  override name = 'HostRefusal';
}

/** @throws HostRefusal always */
export function refuse(sentence: string, cause?: unknown): never {
  throw new HostRefusal(sentence, { cause });
}
