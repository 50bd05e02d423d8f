/** Web services as Resource Manager clients read them (bes-contract.md, section 8). Never with keys. */
import type { z } from 'zod';
import type { ServiceView } from '../app/services.ts';
import type { Column, Service } from '../core/service.ts';
import { isoTime } from './iso-time.ts';
import type { columnReply, ServiceReply, TablesReply } from './service-replies.ts';

const provider = 'Microsoft.MachineLearning';

/** What of a PUT is given back as it came (service-wish.ts). */
type Echo = Partial<Pick<ServiceReply, 'location' | 'tags'>> & Record<string, unknown>;

export function armId(
  of: 'webServices' | 'commitmentPlans',
  thing: { subscriptionId: string; group: string; name: string },
) {
  return `/subscriptions/${thing.subscriptionId}/resourceGroups/${thing.group}/providers/${provider}/${of}/${thing.name}`;
}

/** @param publicUrl where callers reach this app; no slash at the end */
export function serviceJson({ service, definition, plan }: ServiceView, publicUrl: string): ServiceReply {
  const { location, tags, ...echo } = definition.echo as Echo;
  const isFailed = service.state.kind === 'failed';
  return {
    id: idOf(service),
    name: service.name,
    type: `${provider}/webServices`,
    location: location ?? 'local',
    tags: tags ?? {},
    properties: {
      title: definition.title,
      description: definition.description ?? '',
      createdOn: isoTime(service.createdMs),
      modifiedOn: isoTime(service.modifiedMs),
      provisioningState: isFailed ? 'Failed' : 'Succeeded',
      packageType: 'Graph',
      readOnly: false,
      swaggerLocation: swaggerLocation(service, publicUrl),
      input: tables(service.inputs, definition.columns),
      output: tables(service.outputs, [...definition.columns, ...definition.scored]),
      parameters: parametersJson(service),
      ...echo,
      ...(definition.storage === undefined ? {} : { storageAccount: { name: definition.storage.name } }),
      ...(plan === undefined ? {} : { commitmentPlan: { id: armId('commitmentPlans', plan) } }),
    },
    // Management clients show a reason only from here.
    ...(service.state.kind === 'failed'
      ? { error: { code: 'ModelRefused', message: service.state.reason } }
      : {}),
  };
}

export function swaggerLocation(service: Service, publicUrl: string): string {
  return `${publicUrl}${servicePath(service)}/swagger.json`;
}

/** Where its jobs are: a service is reached by the URLs of its own kind only. */
export function servicePath({ origin, subscriptionId, serviceId }: Service): string {
  switch (origin.kind) {
    case 'new':
      return `/subscriptions/${subscriptionId}/services/${serviceId}`;
    case 'classic':
      return `/workspaces/${origin.workspaceId}/services/${serviceId}`;
  }
}

/** The resource itself, as its owner names it. */
export function idOf({ origin, subscriptionId, name }: Service): string {
  switch (origin.kind) {
    case 'new':
      return armId('webServices', { subscriptionId, group: origin.group, name });
    case 'classic':
      return `/workspaces/${origin.workspaceId}/webservices/${name}`;
  }
}

function parametersJson({ parameters }: Service): ServiceReply['properties']['parameters'] {
  return Object.fromEntries(
    parameters.map(({ name, default: value }) => [name, value === undefined ? {} : { value }]),
  );
}

/** `ServiceInputOutputSpecification`: tables by name, each with its columns. */
function tables(names: readonly string[], columns: readonly Column[]): TablesReply {
  const table: TablesReply['properties'][string] = {
    type: 'object',
    properties: Object.fromEntries(columns.map((one) => [one.name, columnJson(one)])),
  };
  return { title: '', type: 'object', properties: Object.fromEntries(names.map((name) => [name, table])) };
}

function columnJson({ type }: Column): z.output<typeof columnReply> {
  if (type === 'bool') return { type: 'Boolean' };
  if (type.startsWith('int')) return { type: 'Integer', format: type === 'int32' ? 'Int32' : 'Int64' };
  if (type.startsWith('float')) return { type: 'Number', format: type === 'float32' ? 'Float' : 'Double' };
  return { type: 'String' };
}
