/** Makes or replaces a web service of either kind: model and definition first, then the row that names them. */
import type { Name } from '../core/account.ts';
import { badArgument, notFound, type Refused } from '../core/refusal.ts';
import type { Origin, Parameter, PlanInterval, Service } from '../core/service.ts';
import { accountByKey } from '../core/storage-account.ts';
import { ensureContainer } from './default-outputs.ts';
import { findAccount } from './find-account.ts';
import { lookAgain } from './look-again.ts';
import type { App, Keys, Stored, Write } from './ports.ts';
import {
  newDefinitionName,
  putDefinition,
  sealKey,
  storageOf,
  type Definition,
} from './service-definition.ts';
import { takeModel, type ModelWish, type TakenModel } from './take-model.ts';

/** Where a service is found by its name. */
export type ServicePlace = {
  readonly subscriptionId: string;
  readonly origin: Origin;
  readonly name: string;
};

/** What a PUT asks for, once its shape has been understood; for services of both kinds. */
export type ServiceContent = {
  readonly title: string;
  readonly description?: string;
  readonly model: ModelWish;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly parameters: readonly Parameter[];
  /** Results that no override names go there. Without a key the present one is kept. */
  readonly storage?: { readonly name: string; readonly key?: string };
  /** Properties that are given back as they came; they hold no secret. */
  readonly echo: Readonly<Record<string, unknown>>;
};

/** Who pays for the service; asked again at every try, after the account's version was read. */
export type Terms = (
  old: Service | undefined,
) => Promise<{ readonly kind: 'terms'; readonly plans: readonly PlanInterval[] } | Refused>;

export type PutService = {
  readonly kind: 'put';
  readonly service: Service;
  readonly definition: Definition;
  readonly outcome: 'created' | 'updated';
};

export async function putServiceAt(
  app: App,
  place: ServicePlace,
  content: ServiceContent,
  terms: Terms,
): Promise<PutService | Refused> {
  const known = await serviceAt(app, place);
  const early = await terms(known?.row);
  if (early.kind === 'refused') return early;
  const storage = await storageFor(app, content, known?.row);
  if (storage.kind === 'refused') return storage;
  const model = await takeModel(app, content.model);
  if (model.kind === 'refused') return model;
  const { subscriptionId } = place;
  const newId = app.random.hex(32);
  let made: Made | undefined;
  return lookAgain(app, async () => {
    const [account, old] = await Promise.all([findAccount(app, subscriptionId), serviceAt(app, place)]);
    if (account === undefined) return notFound('AccountNotFound', 'The account no longer exists.');
    const agreed = await terms(old?.row);
    if (agreed.kind === 'refused') return agreed;
    const serviceId = old?.row.serviceId ?? newId;
    // While the model was looked at, somebody may have made the service, or deleted it.
    if (made?.serviceId !== serviceId)
      made = await define(app, { subscriptionId, serviceId }, content, model, storage);
    const { definition } = made;
    const service = serviceRow(app, place, content, made, agreed.plans, old?.row);
    const done = await app.store.commit(
      old === undefined
        ? creation(account, place, service)
        : [{ do: 'replace', kind: 'service', row: service, etag: old.etag }],
    );
    if (done.kind === 'conflict') return 'conflict';
    app.memory.forget(serviceMemory(service));
    return { kind: 'put', service, definition, outcome: old === undefined ? 'created' : 'updated' } as const;
  });
}

type Made = {
  readonly serviceId: string;
  readonly state: Service['state'];
  readonly definitionName: string;
  readonly definition: Definition;
};

/** The blob's name says whose it is: one of another service would be swept away as unused. */
async function define(
  app: App,
  key: Keys['service'],
  content: ServiceContent,
  model: TakenModel,
  storage: FoundStorage,
): Promise<Made> {
  const definitionName = newDefinitionName(app, key);
  const definition: Definition = {
    title: content.title,
    ...(content.description === undefined ? {} : { description: content.description }),
    echo: content.echo,
    columns: model.columns,
    scored: model.scored,
    ...(storage.kind === 'none'
      ? {}
      : { storage: { name: storage.name, keySealed: sealKey(app, storage.key, definitionName) } }),
  };
  await putDefinition(app, definitionName, definition);
  return { serviceId: key.serviceId, state: model.state, definitionName, definition };
}

/** Under the account's version: its plans and workspaces are still those that were looked at. */
function creation(account: Stored<'account'>, place: ServicePlace, service: Service): Write[] {
  return [
    { do: 'replace', kind: 'account', row: account.row, etag: account.etag },
    { do: 'create', kind: 'service', row: service },
    { do: 'create', kind: 'name', row: { ...serviceName(place), id: service.serviceId } },
  ];
}

function serviceRow(
  app: App,
  { subscriptionId, origin, name }: ServicePlace,
  { inputs, outputs, parameters }: ServiceContent,
  made: Made,
  plans: readonly PlanInterval[],
  old: Service | undefined,
): Service {
  const nowMs = app.clock.now();
  return {
    serviceId: made.serviceId,
    subscriptionId,
    origin,
    name,
    state: made.state,
    inputs,
    outputs,
    parameters,
    definition: made.definitionName,
    keys: old?.keys ?? { primary: 1, secondary: 1 },
    plans,
    createdMs: old?.createdMs ?? nowMs,
    modifiedMs: nowMs,
  };
}

type FoundStorage =
  { readonly kind: 'none' } | { readonly kind: 'storage'; readonly name: string; readonly key: string };

/** The account is tried at once: a wrong key is told now, and not under a job. */
export async function storageFor(
  app: App,
  { storage }: Pick<ServiceContent, 'storage'>,
  old: Service | undefined,
): Promise<FoundStorage | Refused> {
  if (storage === undefined) return { kind: 'none' };
  const path = 'properties.storageAccount';
  const { name } = storage;
  const isKept = storage.key === undefined && old !== undefined;
  const present = isKept ? await storageOf(app, old) : undefined;
  const key = storage.key ?? (present?.name === name ? present.key : undefined);
  if (key === undefined) {
    const text = `${path}.key is missing: give the account's key, or leave ${path} out.`;
    return badArgument('InvalidStorageAccount', text);
  }
  const account = accountByKey({ name, key }, path, app.config);
  if (account.kind === 'refused') return account;
  return (await ensureContainer(app, account, path)) ?? { kind: 'storage', name, key };
}

export async function serviceAt(app: App, place: ServicePlace): Promise<Stored<'service'> | undefined> {
  const name = await app.store.get('name', serviceName(place));
  if (name === undefined) return undefined;
  return app.store.get('service', { subscriptionId: place.subscriptionId, serviceId: name.row.id });
}

/** Names ignore case, in both families. */
export function serviceName({ subscriptionId, origin, name }: ServicePlace): Omit<Name, 'id'> & Keys['name'] {
  const lower = name.toLowerCase();
  switch (origin.kind) {
    case 'new':
      return { subscriptionId, of: 'webservice', group: origin.group.toLowerCase(), name: lower };
    case 'classic':
      return { subscriptionId, of: 'classic', group: origin.workspaceId, name: lower };
  }
}

/** Under which key authorization remembers a service. */
export function serviceMemory({
  serviceId,
  subscriptionId,
}: Pick<Service, 'serviceId' | 'subscriptionId'>): string {
  return `service|${serviceId}|${subscriptionId}`;
}
