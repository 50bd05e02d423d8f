/**
 * Changes parts of a web service, of either kind: what is not given stays. A model that cannot be served is refused and
 * the present one stays; jobs that are registered already keep the model that they pinned.
 */
import { badArgument, type Refused } from '../core/refusal.ts';
import type { Parameter, Service } from '../core/service.ts';
import { lookAgain } from './look-again.ts';
import type { App, Stored } from './ports.ts';
import { serviceMemory, storageFor, type ServiceContent } from './put-service.ts';
import {
  definitionOf,
  newDefinitionName,
  putDefinition,
  sealKey,
  storageOf,
  type Definition,
} from './service-definition.ts';
import { takeModel, type ModelWish, type TakenModel } from './take-model.ts';

export type ServicePatch = {
  readonly title?: string;
  readonly description?: string;
  readonly model?: ModelWish;
  readonly inputs?: readonly string[];
  readonly outputs?: readonly string[];
  readonly parameters?: readonly Parameter[];
  readonly storage?: NonNullable<ServiceContent['storage']>;
  /** Members that take the place of those of the same name. */
  readonly echo?: Readonly<Record<string, unknown>>;
};

export type PatchedService = {
  readonly kind: 'patched';
  readonly service: Service;
  readonly definition: Definition;
};

/**
 * @param find the service as it is now; asked again at every try
 * @param mayNot what forbids it, judged on the service that is then changed
 */
export async function patchServiceAt(
  app: App,
  find: () => Promise<Stored<'service'> | undefined>,
  missing: Refused,
  patch: ServicePatch,
  mayNot: (service: Service) => Promise<Refused | undefined> = async () => undefined,
): Promise<PatchedService | Refused> {
  const known = await find();
  if (known === undefined) return missing;
  const early = await mayNot(known.row);
  if (early !== undefined) return early;
  const model = patch.model === undefined ? undefined : await takeServable(app, patch.model);
  if (model?.kind === 'refused') return model;
  return lookAgain<PatchedService | Refused>(app, async () => {
    const stored = await find();
    if (stored === undefined) return missing;
    const refusal = await mayNot(stored.row);
    if (refusal !== undefined) return refusal;
    const made = await definitionWith(app, stored.row, patch, model);
    if (made.kind === 'refused') return made;
    const service = serviceWith(app, stored.row, patch, made.name, model);
    const done = await app.store.commit([
      { do: 'replace', kind: 'service', row: service, etag: stored.etag },
    ]);
    if (done.kind === 'conflict') return 'conflict';
    app.memory.forget(serviceMemory(service));
    return { kind: 'patched', service, definition: made.definition };
  });
}

type Servable = TakenModel & { readonly state: Extract<Service['state'], { kind: 'succeeded' }> };

async function takeServable(app: App, wish: ModelWish): Promise<Servable | Refused> {
  const model = await takeModel(app, wish);
  if (model.kind === 'refused') return model;
  const { state } = model;
  if (state.kind === 'succeeded') return { ...model, state };
  return badArgument(
    'ModelRefused',
    `${wish.path} names a model that cannot be used: ${state.reason} The present model stays.`,
  );
}

async function definitionWith(
  app: App,
  service: Service,
  patch: ServicePatch,
  model: Servable | undefined,
): Promise<{ kind: 'made'; name: string; definition: Definition } | Refused> {
  const old = await definitionOf(app, service);
  const storage = await storageWith(app, service, patch);
  if (storage?.kind === 'refused') return storage;
  const name = newDefinitionName(app, service);
  const description = patch.description ?? old.description;
  const definition: Definition = {
    title: patch.title ?? old.title,
    ...(description === undefined ? {} : { description }),
    echo: { ...old.echo, ...patch.echo },
    columns: model?.columns ?? old.columns,
    scored: model?.scored ?? old.scored,
    // The key is bound to the blob's name.
    ...(storage === undefined
      ? {}
      : { storage: { name: storage.name, keySealed: sealKey(app, storage.key, name) } }),
  };
  await putDefinition(app, name, definition);
  return { kind: 'made', name, definition };
}

/** One that stays is not tried again. */
async function storageWith(
  app: App,
  service: Service,
  { storage }: ServicePatch,
): Promise<{ readonly kind: 'storage'; readonly name: string; readonly key: string } | undefined | Refused> {
  if (storage === undefined) {
    const present = await storageOf(app, service);
    return present === undefined ? undefined : { kind: 'storage', ...present };
  }
  const tried = await storageFor(app, { storage }, service);
  return tried.kind === 'none' ? undefined : tried;
}

function serviceWith(
  app: App,
  old: Service,
  patch: ServicePatch,
  definition: string,
  model: Servable | undefined,
): Service {
  return {
    ...old,
    state: model?.state ?? old.state,
    inputs: patch.inputs ?? old.inputs,
    outputs: patch.outputs ?? old.outputs,
    parameters: patch.parameters ?? old.parameters,
    definition,
    modifiedMs: app.clock.now(),
  };
}
