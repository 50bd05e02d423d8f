/** Web services: a model is fetched, checked in a process of its own and kept; the service pins it and its plan. */
import type { Account } from '../core/account.ts';
import { parseBlobUrl } from '../core/blob-ref.ts';
import { isId, parseSubscriptionId } from '../core/ids.ts';
import { limits } from '../core/limits.ts';
import { badArgument, conflict, notFound, shown, type Refused } from '../core/refusal.ts';
import type { Column, Parameter, Service } from '../core/service.ts';
import { collect } from './all-rows.ts';
import { modelBlob } from './assignment.ts';
import { recallService } from './authorize.ts';
import type { KeyPair } from './accounts.ts';
import { lookAgain } from './look-again.ts';
import { nameRow, planByArmId, sameName, type NamedThing } from './plans.ts';
import type { App, Stored } from './ports.ts';

/** What a PUT asks for, once its shape has been understood. */
export type ServiceWish = NamedThing & {
  readonly title: string;
  readonly description?: string;
  /** ARM id of the plan that pays; set at creation, then fixed. */
  readonly commitmentPlan?: string;
  readonly model: {
    readonly uri: string;
    readonly credentials?: string;
    /** Where it stands in the request. */ readonly path: string;
  };
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly parameters: readonly Parameter[];
  /** Properties that are given back as they came; they hold no secret. */
  readonly echo: Readonly<Record<string, unknown>>;
};

/** The definition blob: what a service is beyond its row. */
export type Definition = {
  readonly title: string;
  readonly description?: string;
  readonly echo: Readonly<Record<string, unknown>>;
  readonly columns: readonly Column[];
  readonly scored: readonly Column[];
};
export type ServiceView = {
  readonly kind: 'service';
  readonly service: Service;
  readonly definition: Definition;
};

/** Makes or replaces the service; a model that cannot be served leaves it `failed` with the reason. */
export async function putService(
  app: App,
  { subscriptionId }: Account,
  wish: ServiceWish,
): Promise<(ServiceView & { outcome: 'created' | 'updated' }) | Refused> {
  const known = await serviceByName(app, subscriptionId, wish);
  const planId = await planOf(app, subscriptionId, wish, known?.row);
  if (typeof planId === 'object') return planId;
  const model = await takeModel(app, wish);
  if (model.kind === 'refused') return model;
  const definition = {
    title: wish.title,
    ...(wish.description === undefined ? {} : { description: wish.description }),
    echo: wish.echo,
    columns: model.columns,
    scored: model.scored,
  };
  const serviceId = known?.row.serviceId ?? app.random.hex(32);
  const definitionName = `${subscriptionId}/${serviceId}/${app.random.hex(32)}.json`;
  await app.blobs.put(
    'millpond-services',
    definitionName,
    new TextEncoder().encode(JSON.stringify(definition)),
  );
  return lookAgain(app, async () => {
    const [account, old] = await Promise.all([
      app.store.get('account', { subscriptionId }),
      serviceByName(app, subscriptionId, wish),
    ]);
    if (account === undefined) return notFound('AccountNotFound', 'The account no longer exists.');
    const service = serviceRow(
      app,
      { subscriptionId, serviceId },
      wish,
      { state: model.state, planId, definitionName },
      old?.row,
    );
    const done = await app.store.commit(
      old === undefined
        ? [
            { do: 'replace', kind: 'account', row: account.row, etag: account.etag },
            { do: 'create', kind: 'service', row: service },
            {
              do: 'create',
              kind: 'name',
              row: nameRow(subscriptionId, 'webservice', wish, service.serviceId),
            },
          ]
        : [{ do: 'replace', kind: 'service', row: service, etag: old.etag }],
    );
    if (done.kind === 'conflict') return 'conflict';
    app.memory.forget(`service|${service.serviceId}|${subscriptionId}`);
    return {
      kind: 'service',
      service,
      definition,
      outcome: old === undefined ? 'created' : 'updated',
    } as const;
  });
}

function serviceRow(
  app: App,
  ids: { subscriptionId: string; serviceId: string },
  wish: ServiceWish,
  made: { state: Service['state']; planId: string; definitionName: string },
  old: Service | undefined,
): Service {
  const nowMs = app.clock.now();
  return {
    ...ids,
    ...(old === undefined ? {} : { serviceId: old.serviceId }),
    group: wish.group,
    name: wish.name,
    state: made.state,
    inputs: wish.inputs,
    outputs: wish.outputs,
    parameters: wish.parameters,
    definition: made.definitionName,
    keys: old?.keys ?? { primary: 1, secondary: 1 },
    plans: old?.plans ?? [{ planId: made.planId, fromMs: 0 }],
    createdMs: old?.createdMs ?? nowMs,
    modifiedMs: nowMs,
  };
}

async function planOf(
  app: App,
  subscriptionId: string,
  wish: ServiceWish,
  old: Service | undefined,
): Promise<string | Refused> {
  const present = old?.plans.at(-1)?.planId;
  if (wish.commitmentPlan === undefined) {
    return (
      present ??
      badArgument(
        'MissingCommitmentPlan',
        'properties.commitmentPlan.id is missing: name the plan that pays for this web service and the pools that bill to it.',
      )
    );
  }
  const plan = await planByArmId(app, subscriptionId, wish.commitmentPlan);
  if (plan === undefined) {
    return badArgument(
      'CommitmentPlanNotFound',
      `properties.commitmentPlan.id names no plan of this subscription: "${shown(wish.commitmentPlan, 200)}". Create the plan first.`,
    );
  }
  if (present !== undefined && present !== plan.planId) {
    return badArgument(
      'CommitmentPlanFixed',
      'properties.commitmentPlan.id cannot be changed by a PUT: move the association of the present plan instead.',
    );
  }
  return plan.planId;
}

type TakenModel = {
  kind: 'model';
  state: Service['state'];
  columns: readonly Column[];
  scored: readonly Column[];
};

/** Fetches the model, checks it and keeps it under its hash. */
async function takeModel(app: App, wish: ServiceWish): Promise<TakenModel | Refused> {
  const { path, ...location } = wish.model;
  const parsed = parseBlobUrl(location, { path, role: 'other' }, app.config);
  if (parsed.kind === 'refused') return parsed;
  const fetched = await app.callerBlobs.fetch(parsed.place, limits.modelBytesMax);
  const where = `${parsed.place.container}/${parsed.place.name}`;
  switch (fetched.kind) {
    case 'bytes':
      break;
    case 'missing':
      return badArgument(
        'BlobNotFound',
        `${path}.uri names a ${fetched.what} that does not exist: ${where}. Upload the model first.`,
      );
    case 'forbidden':
      return badArgument(
        'InvalidBlob',
        `${path}: the storage refused to give the model (${fetched.reason}). Check credentials: a SAS with read permission.`,
      );
    case 'unreachable':
      return badArgument('InvalidBlob', `${path}.uri could not be read: ${fetched.reason}.`);
    case 'too-large':
      return badArgument(
        'InvalidBlob',
        `${path}.uri names a model over ${limits.modelBytesMax / 1_048_576} MiB, the largest that is taken.`,
      );
  }
  const report = await app.checkModel(fetched.bytes);
  if (report.kind === 'refused') {
    return { kind: 'model', state: { kind: 'failed', reason: report.reason }, columns: [], scored: [] };
  }
  const sha256 = app.secrets.sha256(fetched.bytes);
  await app.blobs.put('millpond-models', modelBlob(sha256), fetched.bytes);
  const state = { kind: 'succeeded', model: { sha256, bytes: fetched.bytes.byteLength } } as const;
  return { kind: 'model', state, columns: report.columns, scored: report.scored };
}

export async function getService(
  app: App,
  { subscriptionId }: Account,
  thing: NamedThing,
): Promise<ServiceView | Refused> {
  const stored = await serviceByName(app, subscriptionId, thing);
  return stored === undefined ? noService(thing) : viewOfService(app, stored.row);
}

export async function viewOfService(app: App, service: Service): Promise<ServiceView> {
  const bytes = await app.blobs.get('millpond-services', service.definition);
  if (bytes === undefined) throw new Error(`the definition ${service.definition} is missing`);
  return { kind: 'service', service, definition: JSON.parse(new TextDecoder().decode(bytes)) as Definition };
}

/** What swagger.json shows; it needs no key, since ids are not guessable. */
export async function publicService(
  app: App,
  subscription: string,
  serviceId: string,
): Promise<ServiceView | Refused> {
  const subscriptionId = parseSubscriptionId(subscription);
  const service =
    subscriptionId === undefined || !isId(serviceId)
      ? undefined
      : await recallService(app, subscriptionId, serviceId);
  if (service === undefined)
    return notFound('WebServiceNotFound', `There is no web service "${shown(serviceId)}".`);
  return viewOfService(app, service);
}

/** By group, or all of the subscription. */
export async function listServices(
  app: App,
  { subscriptionId }: Account,
  group?: string,
): Promise<{ kind: 'services'; services: ServiceView[] }> {
  const rows = await collect(app, { of: 'services', subscriptionId });
  const chosen = rows
    .map((stored) => stored.row)
    .filter((service) => group === undefined || sameName(service.group, group));
  return {
    kind: 'services',
    services: await Promise.all(chosen.map((service) => viewOfService(app, service))),
  };
}

export async function deleteService(
  app: App,
  { subscriptionId }: Account,
  thing: NamedThing,
): Promise<{ kind: 'deleted' } | Refused> {
  return lookAgain<{ kind: 'deleted' } | Refused>(app, async () => {
    const [account, stored] = await Promise.all([
      app.store.get('account', { subscriptionId }),
      serviceByName(app, subscriptionId, thing),
    ]);
    if (stored === undefined || account === undefined) return noService(thing);
    const { serviceId } = stored.row;
    for (const { row } of await collect(app, { of: 'reservations', subscriptionId })) {
      const pool = (await app.store.get('pool', { poolId: row.poolId }))?.row;
      if (pool === undefined || pool.serviceId === serviceId) {
        return conflict(
          'ServiceHasPools',
          `The pool ${row.poolId} bills to the web service "${thing.name}"; delete the pool first.`,
        );
      }
    }
    const done = await app.store.commit([
      { do: 'replace', kind: 'account', row: account.row, etag: account.etag },
      { do: 'remove', kind: 'service', key: stored.row },
      { do: 'remove', kind: 'name', key: nameRow(subscriptionId, 'webservice', thing, serviceId) },
    ]);
    if (done.kind === 'conflict') return 'conflict';
    app.memory.forget(`service|${serviceId}|${subscriptionId}`);
    return { kind: 'deleted' };
  });
}

export async function serviceKeys(
  app: App,
  { subscriptionId }: Account,
  thing: NamedThing,
): Promise<KeyPair | Refused> {
  const stored = await serviceByName(app, subscriptionId, thing);
  if (stored === undefined) return noService(thing);
  const owner = { kind: 'service', id: stored.row.serviceId } as const;
  return {
    kind: 'keys',
    primary: app.secrets.key(owner, 'primary', stored.row.keys.primary),
    secondary: app.secrets.key(owner, 'secondary', stored.row.keys.secondary),
  };
}

async function serviceByName(
  app: App,
  subscriptionId: string,
  thing: NamedThing,
): Promise<Stored<'service'> | undefined> {
  const name = await app.store.get('name', nameRow(subscriptionId, 'webservice', thing, ''));
  return name === undefined
    ? undefined
    : app.store.get('service', { subscriptionId, serviceId: name.row.id });
}

function noService({ group, name }: NamedThing): Refused {
  return notFound(
    'WebServiceNotFound',
    `There is no web service "${shown(name)}" in resource group "${shown(group)}".`,
  );
}
