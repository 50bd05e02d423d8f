/** The address of a blob: its name percent-encoded, so that no name can lead out of its container. */
import type { BlobPlace } from '../app/ports.ts';

/** Why the place has no address; undefined when it has one. URL parsers swallow `.` and `..`, however they are encoded. */
export function unaddressable(place: Pick<BlobPlace, 'container' | 'name'>): string | undefined {
  const segments = [place.container, ...place.name.split('/')];
  if (place.container.includes('/')) return 'the container has a slash in its name';
  if (place.name === '' || place.container === '') return 'the name is empty';
  return segments.some((segment) => segment === '.' || segment === '..')
    ? 'the name has a segment "." or ".."'
    : undefined;
}

/**
 * Without a query.
 * @throws when the place has no address; whoever takes names from callers checks them before
 */
export function blobUrl(place: Pick<BlobPlace, 'endpoint' | 'container' | 'name'>): string {
  const bad = unaddressable(place);
  if (bad !== undefined) throw new Error(`This blob has no address: ${bad}.`);
  const name = place.name.split('/').map(encodeURIComponent).join('/');
  return `${place.endpoint}/${encodeURIComponent(place.container)}/${name}`;
}
