/**
 * What a registration asks for, understood against the web service that it names (bes-contract.md, section 2). Pure.
 */
import type { StorageTrust } from './blob-endpoint.ts';
import { checkOutputs } from './check-outputs.ts';
import { isAbsentRef, parseBlobRef, type BlobPlace, type BlobRef } from './blob-ref.ts';
import { badArgument, shown, type Refused } from './refusal.ts';
import { isOwnParameter, understandRowErrors, type RowErrorPolicy } from './row-errors.ts';
import type { Service } from './service.ts';
import { judgeSas, sasMarginMs } from './sas-time.ts';
import { didYouMean } from './suggest.ts';

export type Scalar = string | number | boolean;

/** The body of `POST .../jobs`; null members are absent ones. */
export type JobBody = {
  readonly Input?: BlobRef | null | undefined;
  readonly Inputs?: Readonly<Record<string, BlobRef | null>> | null | undefined;
  readonly Outputs?: Readonly<Record<string, BlobRef | null>> | null | undefined;
  readonly GlobalParameters?: Readonly<Record<string, Scalar | null>> | null | undefined;
  readonly AzureBatchPoolId?: string | null | undefined;
};

export type JobRequest = {
  readonly kind: 'request';
  readonly inputs: Readonly<Record<string, BlobPlace>>;
  /** Overrides only: the service's own place serves the other outputs. */
  readonly outputs: Readonly<Record<string, BlobPlace>>;
  /** Of the web service, without Millpond's own. */
  readonly parameters: Readonly<Record<string, Scalar>>;
  readonly rowErrors: RowErrorPolicy;
  /** Absent: classic processing. */
  readonly poolId?: string;
};

/** @param nowMs storage time: a SAS that has expired by then is refused */
export function understandJob(
  service: Service,
  body: JobBody,
  trust: StorageTrust,
  nowMs: number,
): JobRequest | Refused {
  const ground = { trust, nowMs };
  const inputs = inputsOf(service, body, ground);
  if (inputs.kind === 'refused') return inputs;
  const outputs = outputsOf(service, body, ground);
  if (outputs.kind === 'refused') return outputs;
  const given = Object.entries(body.GlobalParameters ?? {});
  const parameters = parametersOf(
    service,
    given.filter(([name]) => !isOwnParameter(name)),
  );
  if (parameters.kind === 'refused') return parameters;
  const own = given.filter((one): one is [string, Scalar] => isOwnParameter(one[0]) && one[1] !== null);
  const rowErrors = understandRowErrors(Object.fromEntries(own));
  if (rowErrors.kind === 'refused') return rowErrors;
  const poolId = body.AzureBatchPoolId ?? undefined;
  return {
    kind: 'request',
    inputs: inputs.places,
    outputs: outputs.places,
    parameters: parameters.values,
    rowErrors: rowErrors.policy,
    ...(poolId === undefined ? {} : { poolId }),
  };
}

/** What references are judged by, beside themselves. */
type Ground = { readonly trust: StorageTrust; readonly nowMs: number };

type Places = { readonly kind: 'places'; readonly places: Readonly<Record<string, BlobPlace>> };

function inputsOf(service: Service, body: JobBody, ground: Ground): Places | Refused {
  const single = isAbsentRef(body.Input) ? undefined : (body.Input ?? undefined);
  const several = present(body.Inputs);
  if (single !== undefined && several.length > 0) {
    return badArgument('DuplicateInputInBatchCall', 'Both Input and Inputs are given: give one of them.');
  }
  const [only] = service.inputs;
  if (single !== undefined && only !== undefined)
    return placesOf([[only, single, 'Input']], 'data-in', ground);
  if (single !== undefined)
    return badArgument('BatchJobInputsTooManySpecified', 'The web service takes no input: leave Input out.');
  const unknown = several.find(([name]) => !service.inputs.includes(name));
  if (unknown !== undefined) {
    return badArgument(
      'InvalidInputNames',
      `Inputs names "${shown(unknown[0])}", which the web service does not have. ${meant(unknown[0], service.inputs)}`,
    );
  }
  const missing = service.inputs.find((name) => !several.some(([given]) => given === name));
  if (missing !== undefined) {
    return badArgument(
      'BatchJobInputsNotSpecified',
      `The input "${missing}" is not given: name its blob in Inputs.${missing} (or in Input).`,
    );
  }
  return placesOf(
    several.map(([name, ref]) => [name, ref, `Inputs.${name}`]),
    'data-in',
    ground,
  );
}

function outputsOf(service: Service, body: JobBody, ground: Ground): Places | Refused {
  const given = present(body.Outputs);
  const unknown = given.find(([name]) => !service.outputs.includes(name));
  if (unknown !== undefined) {
    return badArgument(
      'InvalidOutputOverrideName',
      `Outputs names "${shown(unknown[0])}", which the web service does not have. ${meant(unknown[0], service.outputs)}`,
    );
  }
  const parsed = placesOf(
    given.map(([name, ref]) => [name, ref, `Outputs.${name}`]),
    'data-out',
    ground,
  );
  return parsed.kind === 'refused' ? parsed : (checkOutputs(parsed.places) ?? parsed);
}

function placesOf(
  refs: readonly (readonly [string, BlobRef, string])[],
  role: 'data-in' | 'data-out',
  { trust, nowMs }: Ground,
): Places | Refused {
  const places: Record<string, BlobPlace> = {};
  for (const [name, ref, path] of refs) {
    const parsed = parseBlobRef(ref, { path, role }, trust);
    if (parsed.kind === 'refused') return parsed;
    const late = expiredSas(parsed.place, path, nowMs);
    if (late !== undefined) return late;
    places[name] = parsed.place;
  }
  return { kind: 'places', places };
}

/** One that is not good yet may be when the job is started. */
function expiredSas(
  { access, container, name }: BlobPlace,
  path: string,
  nowMs: number,
): Refused | undefined {
  const state = access.kind === 'sas' ? judgeSas(access.token, nowMs, sasMarginMs) : undefined;
  if (state?.kind !== 'expired') return undefined;
  const blob = shown(`${container}/${name}`, 200);
  return badArgument(
    'InvalidBlob',
    `The SAS of ${path} (${blob}) expired at ${state.at}: give one whose expiry (se) lies behind the end of the job.`,
  );
}

function parametersOf(
  service: Service,
  given: readonly (readonly [string, Scalar | null])[],
): { kind: 'values'; values: Record<string, Scalar> } | Refused {
  const names = service.parameters.map((parameter) => parameter.name);
  const values: Record<string, Scalar> = {};
  for (const [name, value] of given) {
    if (value === null) continue;
    if (!names.includes(name)) {
      return badArgument(
        'UnexpectedParameter',
        `GlobalParameters names "${shown(name)}", which the web service does not have. ${meant(name, names)}`,
      );
    }
    values[name] = value;
  }
  for (const { name, default: fallback } of service.parameters) {
    const value = Object.hasOwn(values, name) ? values[name] : fallback;
    if (value === undefined) {
      return badArgument(
        'MissingRequiredGlobalParameters',
        `GlobalParameters lacks "${name}", which has no default in the web service "${service.name}": give it a value.`,
      );
    }
    values[name] = value;
  }
  return { kind: 'values', values };
}

function present(refs: Readonly<Record<string, BlobRef | null>> | null | undefined): [string, BlobRef][] {
  return Object.entries(refs ?? {}).flatMap(([name, ref]) =>
    ref === null || isAbsentRef(ref) ? [] : [[name, ref] as [string, BlobRef]],
  );
}

function meant(given: string, names: readonly string[]): string {
  if (names.length === 0) return 'It has none: leave it out.';
  return `It has ${listed(names)}.${didYouMean(given, names)}`;
}

const listedMax = 10;

function listed(names: readonly string[]): string {
  const more = names.length - listedMax;
  const some = names.slice(0, listedMax).map((name) => `"${shown(name)}"`);
  return some.join(', ') + (more > 0 ? ` and ${more} more` : '');
}
