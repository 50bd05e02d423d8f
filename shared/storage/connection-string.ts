/** Reads the connection string of our own storage account. (Those of callers are read, and distrusted, elsewhere.) */

export type StorageAccount = {
  readonly account: string;
  /** Base64. */
  readonly key: string;
  /** Without a slash at the end, like `tableEndpoint`. */
  readonly blobEndpoint: string;
  readonly tableEndpoint: string;
};

/** The emulator's account, well known. */
const emulator: StorageAccount = {
  account: 'devstoreaccount1',
  key: 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==',
  blobEndpoint: 'http://127.0.0.1:10000/devstoreaccount1',
  tableEndpoint: 'http://127.0.0.1:10002/devstoreaccount1',
};

/**
 * `DefaultEndpointsProtocol=...;AccountName=...;AccountKey=...`, with `EndpointSuffix` or explicit endpoints, or
 * `UseDevelopmentStorage=true`.
 * @throws when it is none; the message does not repeat it
 */
export function parseStorageAccount(connectionString: string): StorageAccount {
  const parts = new Map<string, string>();
  for (const part of connectionString.split(';')) {
    const at = part.indexOf('=');
    if (at > 0) parts.set(part.slice(0, at).trim().toLowerCase(), part.slice(at + 1).trim());
  }
  if (parts.get('usedevelopmentstorage')?.toLowerCase() === 'true') return emulator;
  const account = parts.get('accountname');
  const key = parts.get('accountkey');
  if (account === undefined || account === '' || key === undefined || key === '') {
    throw new Error(
      'The connection string of the storage account needs AccountName and AccountKey, or UseDevelopmentStorage=true.',
    );
  }
  const protocol = parts.get('defaultendpointsprotocol') ?? 'https';
  const suffix = parts.get('endpointsuffix') ?? 'core.windows.net';
  const endpoint = (service: 'blob' | 'table') => {
    const given = parts.get(`${service}endpoint`) ?? `${protocol}://${account}.${service}.${suffix}`;
    return given.replace(/\/+$/, '');
  };
  return { account, key, blobEndpoint: endpoint('blob'), tableEndpoint: endpoint('table') };
}
