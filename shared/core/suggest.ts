/** "Did you mean ...?": the nearest of the names that would have been right. Pure. */

const lengthMax = 64;

/**
 * The candidate that differs least from what was given, if it is near enough to be what was meant:
 * at most one edit for every three characters. Case does not count; an exact match is no suggestion.
 */
export function suggest(given: string, candidates: readonly string[]): string | undefined {
  if (given.length === 0 || given.length > lengthMax) return undefined;
  let best: string | undefined;
  let bestEdits = Math.max(1, Math.floor(given.length / 3)) + 1;
  for (const candidate of candidates) {
    if (candidate === given || candidate.length > lengthMax) continue;
    const edits = editsBetween(given.toLowerCase(), candidate.toLowerCase());
    if (edits < bestEdits) {
      best = candidate;
      bestEdits = edits;
    }
  }
  return best;
}

/** ` Did you mean "x"?`, or nothing: to be put behind a sentence. */
export function didYouMean(given: string, candidates: readonly string[]): string {
  const meant = suggest(given, candidates);
  return meant === undefined ? '' : ` Did you mean "${meant}"?`;
}

/** Damerau-Levenshtein distance with adjacent transpositions (optimal string alignment). */
function editsBetween(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let edits = Math.min(at(last, j) + 1, at(row, j - 1) + 1, at(last, j - 1) + (same ? 0 : 1));
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) edits = Math.min(edits, at(beforeLast, j - 2) + 1);
      row.push(edits);
    }
    beforeLast = last;
    last = row;
  }
  return at(last, b.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY;
}
