/** The storage account that a web service keeps for results which no output override names (`storageAccount {name, key}`). Pure. */
import { emulatorOf, isAccountName, judgeEndpoint, type StorageTrust } from './blob-endpoint.ts';
import { emulatorAccount, type StorageAccess } from './connection-string.ts';
import { badArgument, shown, type Refused } from './refusal.ts';

/** Where a web service's own results go; made when it is missing. */
export const resultContainer = 'experimentoutput';

export type AccountByKey = {
  readonly kind: 'account';
  /** No slash at the end. */
  readonly endpoint: string;
  readonly access: Extract<StorageAccess, { kind: 'key' }>;
};

const keyPattern = /^(?:[A-Za-z0-9+/]{4})+(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** @param path where it stands in the request; messages never show the key */
export function accountByKey(
  { name, key }: { readonly name: string; readonly key: string },
  path: string,
  trust: StorageTrust,
): AccountByKey | Refused {
  if (!keyPattern.test(key)) {
    return invalid(`${path}.key is not an account key: copy the whole of it, it usually ends in "==".`);
  }
  const access = { kind: 'key', account: name, key } as const;
  const emulator = emulatorOf(trust);
  if (name === emulator?.account) return { kind: 'account', endpoint: emulator.endpoint, access };
  if (name === emulatorAccount) {
    return invalid(`${path}.name is that of the storage emulator, which this service does not use.`);
  }
  const rule = '3 to 24 lower-case letters and digits';
  if (!isAccountName(name)) return invalid(`${path}.name is "${shown(name, 40)}": give ${rule}.`);
  const judged = judgeEndpoint(`https://${name}.blob.core.windows.net`, trust);
  if (judged.kind === 'untrusted') return invalid(`${path}.name cannot be used: ${judged.why}.`);
  return { kind: 'account', endpoint: judged.endpoint, access };
}

function invalid(text: string): Refused {
  return badArgument('InvalidStorageAccount', text);
}
