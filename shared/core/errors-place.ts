/** Where a job's error file goes: beside its output, when what opens the output opens that place too. Pure. */
import type { BlobPlace } from './blob-ref.ts';
import { badArgument, shown, type Refused } from './refusal.ts';

export const errorsSuffix = '.errors.csv';

/** The finished job's row keeps both, beside its results. */
const encodedNameMax = 2_000;
const tokenMax = 1_500;

/** Undefined when the output's SAS opens nothing else, or is one that this cannot be told of. */
export function besideOutput({ name, ...rest }: BlobPlace): BlobPlace | undefined {
  const place = { ...rest, name: name + errorsSuffix };
  if (encodeURIComponent(place.name).length > encodedNameMax || place.name.length > 1_024) return undefined;
  const { access } = place;
  return access.kind === 'key' || opensNeighbours(access.token) ? place : undefined;
}

/** Of a container (`sr=c`) or an account (`srt` with `o`), with the rights to read and to write said in it. */
function opensNeighbours(token: string): boolean {
  if (token.length > tokenMax) return false;
  const params = new URLSearchParams(token.slice(token.indexOf('?') + 1));
  const reaches = params.get('sr') === 'c' || (params.get('srt')?.includes('o') ?? false);
  const rights = params.get('sp') ?? '';
  return reaches && rights.includes('r') && rights.includes('w');
}

/** The error file would take the place of what the job reads, or of one of its results. */
export function clashOfErrors(
  errors: BlobPlace,
  inputs: Readonly<Record<string, BlobPlace>>,
  outputs: Readonly<Record<string, BlobPlace>>,
): Refused | undefined {
  for (const [what, places] of [['Inputs', inputs] as const, ['Outputs', outputs] as const]) {
    const clash = Object.entries(places).find(([, place]) => urlOf(place) === urlOf(errors));
    if (clash === undefined) continue;
    return badArgument(
      'InvalidBlob',
      `${what}.${clash[0]} names "${shown(`${errors.container}/${errors.name}`, 200)}", which is where this job's own error file goes: choose another name for the output.`,
    );
  }
  return undefined;
}

function urlOf({ endpoint, container, name }: BlobPlace): string {
  return `${endpoint}/${container}/${name}`;
}
