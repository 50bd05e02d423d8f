/** The definition blob: what a service is beyond its row. Its name is new with every PUT, so its content never changes. */
import type { Column, Service } from '../core/service.ts';
import type { App, Keys } from './ports.ts';

export type Definition = {
  readonly title: string;
  readonly description?: string;
  readonly echo: Readonly<Record<string, unknown>>;
  readonly columns: readonly Column[];
  readonly scored: readonly Column[];
  /** Where results go that no output override names. The key is bound to this blob and never given back. */
  readonly storage?: { readonly name: string; readonly keySealed: string };
};

const rememberedMs = 5 * 60_000;

/** Under its service's ids, by which the sweep of unused definitions finds the row that may name it. */
export function newDefinitionName(app: App, { subscriptionId, serviceId }: Keys['service']): string {
  return `${subscriptionId}/${serviceId}/${app.random.hex(32)}.json`;
}

export async function putDefinition(app: App, name: string, definition: Definition): Promise<void> {
  await app.blobs.put('millpond-services', name, new TextEncoder().encode(JSON.stringify(definition)));
}

export async function definitionOf(app: App, { definition }: Service): Promise<Definition> {
  const bytes = await app.blobs.get('millpond-services', definition);
  if (bytes === undefined) throw new Error(`the definition ${definition} is missing`);
  return JSON.parse(new TextDecoder().decode(bytes)) as Definition;
}

/** The service's storage account with its key; undefined when it has none of its own. */
export async function storageOf(
  app: App,
  service: Service,
): Promise<{ readonly name: string; readonly key: string } | undefined> {
  const storage = await app.memory.recall(
    `storage|${service.definition}`,
    rememberedMs,
    async () => (await definitionOf(app, service)).storage,
  );
  if (storage === undefined) return undefined;
  return { name: storage.name, key: app.secrets.open(storage.keySealed, contextOf(service.definition)) };
}

export function sealKey(app: App, key: string, definitionName: string): string {
  return app.secrets.seal(key, contextOf(definitionName));
}

function contextOf(definitionName: string): string {
  return `definition|${definitionName}`;
}
