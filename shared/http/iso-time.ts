/** Instants on the wire: UTC, ISO 8601, null for what has not happened. */

export function isoTime(atMs: number): string;
export function isoTime(atMs: number | undefined): string | null;
export function isoTime(atMs: number | undefined): string | null {
  return atMs === undefined ? null : new Date(atMs).toISOString();
}
