/** What a job's several outputs must be to each other: blobs of their own, and short enough to be kept as results. Pure. */
import type { BlobPlace } from './blob-ref.ts';
import { limits } from './limits.ts';
import { badArgument, shown, type Refused } from './refusal.ts';

/** Everything beside name and token; a token that we make counts in here. */
const otherChars = 500;

/** @param places what the request names; undefined when nothing is wrong with them */
export function checkOutputs(places: Readonly<Record<string, BlobPlace>>): Refused | undefined {
  const byBlob = new Map<string, string>();
  let chars = 0;
  for (const [output, place] of Object.entries(places)) {
    const { endpoint, container, name } = place;
    const blob = `${endpoint}/${container}/${name}`;
    const other = byBlob.get(blob);
    if (other !== undefined) {
      const text = `Outputs.${other} and Outputs.${output} name one blob, "${shown(`${container}/${name}`, 200)}": give each result a blob of its own.`;
      return badArgument('InvalidBlob', text);
    }
    byBlob.set(blob, output);
    chars += charsOf(place);
  }
  if (chars <= limits.resultsCharsMax) return undefined;
  return badArgument(
    'InvalidBlob',
    `The blob names and SAS tokens of Outputs are ${chars} characters long together, percent-encoded: at most ${limits.resultsCharsMax} are possible. Shorten the names or the tokens, or give connection strings.`,
  );
}

/** As the row of the finished job will keep it: the name percent-encoded, the token sealed in base64. */
function charsOf({ container, name, access }: BlobPlace): number {
  const token = access.kind === 'sas' ? Math.ceil((4 / 3) * access.token.length) : 0;
  return container.length + encodeURIComponent(name).length + token + otherChars;
}
