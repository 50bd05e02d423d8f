/**
 * An output is written once, whole, or the job says in a sentence why not: what a caller sees of it (design.md, section
 * 8).
 */
import { BlobSASPermissions } from '@azure/storage-blob';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { censusCsv } from '../../shared/samples/adult-census/census-csv.ts';
import {
  blobText,
  ended,
  makePool,
  makeTenant,
  poolOf,
  putBlob,
  startInstance,
  startJob,
  statusOf,
  until,
  type Instance,
  type Status,
  type Tenant,
} from './instance.ts';

let instance: Instance;
let tenant: Tenant;
let poolId: string;

beforeAll(async () => {
  // A host that ends waits for its VMs' held calls.
  instance = await startInstance({ MILLPOND_VM_HOLD_S: '1' });
  tenant = await makeTenant(instance, 'c0'.repeat(16));
  poolId = await makePool(instance, tenant, 2);
  await putBlob(instance, 'ten.csv', await census(10));
  await putBlob(instance, 'more.csv', await census(3_000));
});
afterAll(() => instance?.stop());

async function census(rows: number): Promise<string> {
  let text = '';
  for await (const chunk of censusCsv({ rows, seed: rows })) text += chunk;
  return text;
}

type Ref = Record<string, string>;

/** A blob of the caller's, named with a SAS of these rights. */
async function bySas(name: string, rights: string, forMs = 3_600_000): Promise<Ref> {
  const blob = instance.data.getBlockBlobClient(name);
  const permissions = BlobSASPermissions.parse(rights);
  const url = new URL(await blob.generateSasUrl({ permissions, expiresOn: new Date(Date.now() + forMs) }));
  return {
    BaseLocation: `${instance.azurite.blobUrl}/`,
    RelativeLocation: `data/${name}`,
    SasBlobToken: url.search,
  };
}

const byKey = (relative: string): Ref => ({
  ConnectionString: instance.azurite.connectionString,
  RelativeLocation: relative,
});

function body(Input: Ref, output1?: Ref, pool = poolId): Record<string, unknown> {
  return { Input, AzureBatchPoolId: pool, ...(output1 === undefined ? {} : { Outputs: { output1 } }) };
}

const run = async (wanted: unknown): Promise<Status> =>
  ended(instance, tenant, await startJob(instance, tenant, wanted));

/** Registers and starts; a start that is refused must leave the job failed with the same sentence. */
async function refusedAtStart(wanted: unknown): Promise<{ code: string | undefined; text: string }> {
  const at = `${tenant.servicePath}/jobs`;
  const registered = await instance.call('POST', `${at}?api-version=2.0`, tenant.serviceKey, wanted);
  const path = `${at}/${registered.json as string}`;
  const reply = await instance.call('POST', `${path}/start?api-version=2.0`, tenant.serviceKey);
  expect(reply.status).toBe(400);
  const { error } = reply.json as { error: { details: { code: string; message: string }[] } };
  const text = error.details[0]?.message ?? '';
  expect(await statusOf(instance, tenant, path)).toMatchObject({ StatusCode: 'Failed', Details: text });
  return { code: error.details[0]?.code, text };
}

const resultOf = (status: Status) => {
  expect(status.StatusCode).toBe('Finished');
  const result = status.Results?.['output1'];
  if (result === undefined) throw new Error('no result');
  return { ...result, url: `${result.BaseLocation}${result.RelativeLocation}${result.SasBlobToken}` };
};

function expectScored(text: string, rows: number): void {
  const lines = text.split('\n');
  expect(lines[0]).toMatch(/,Scored Labels,Scored Probabilities$/);
  expect(lines).toHaveLength(rows + 2);
}

describe('one blob', () => {
  it('that several jobs write at once holds one whole result, of one of them', async () => {
    const inputs = ['ten.csv', 'more.csv', 'ten.csv', 'more.csv', 'more.csv', 'ten.csv'];
    const paths = await Promise.all(
      inputs.map((input) =>
        startJob(instance, tenant, body(byKey(`data/${input}`), byKey('data/shared.csv'))),
      ),
    );
    for (const path of paths) expect((await ended(instance, tenant, path)).StatusCode).toBe('Finished');
    const { metadata } = await instance.data.getBlobClient('shared.csv').getProperties();
    const writer = paths.findIndex((path) => path.endsWith(metadata?.['millpondjob'] ?? '?'));
    expectScored(await blobText(instance, 'shared.csv'), inputs[writer] === 'ten.csv' ? 10 : 3_000);
    const last = await run(body(byKey('data/ten.csv'), byKey('data/shared.csv')));
    expect(last.StatusCode).toBe('Finished');
    expectScored(await blobText(instance, 'shared.csv'), 10);
  });

  it('that is leased stays as it is, and the job says so', async () => {
    await putBlob(instance, 'leased.csv', 'theirs');
    await instance.data.getBlobClient('leased.csv').getBlobLeaseClient().acquireLease(-1);
    const status = await run(body(byKey('data/ten.csv'), byKey('data/leased.csv')));
    expect(status).toMatchObject({ StatusCode: 'Failed', Attempt: 1, Results: null });
    expect(status.Details).toContain('data/leased.csv is leased by someone else and cannot be written');
    expect(await blobText(instance, 'leased.csv')).toBe('theirs');
  });

  it('that is an append blob stays one, and the job says so', async () => {
    await instance.data.getAppendBlobClient('log.csv').create();
    const status = await run(body(byKey('data/ten.csv'), byKey('data/log.csv')));
    expect(status).toMatchObject({ StatusCode: 'Failed', Attempt: 1 });
    expect(status.Details).toMatch(/data\/log\.csv exists as .*AppendBlob; results are block blobs/);
  });
});

describe('where a result lies', () => {
  it.each([
    ['as it is written', 'data/out é #1 50%.csv', 'out é #1 50%.csv'],
    ['percent-encoded', '/data/out%20%C3%A9%20%232%2050%25.csv', 'out é #2 50%.csv'],
    ['in folders', 'data/a b/ü/x+y&z=1.csv', 'a b/ü/x+y&z=1.csv'],
  ])('a name with blanks, letters of all kinds, # and %%, %s', async (_, relative, name) => {
    const result = resultOf(await run(body(byKey('data/ten.csv'), byKey(relative))));
    expect(result.RelativeLocation).toBe(`data/${name.split('/').map(encodeURIComponent).join('/')}`);
    const scored = await (await fetch(result.url)).text();
    expectScored(scored, 10);
    expect(scored).toBe(await blobText(instance, name));
  });

  it('without an override: a place of its own that its SAS opens for reading only', async () => {
    const [first, second] = [await run(body(byKey('data/ten.csv'))), await run(body(byKey('data/ten.csv')))];
    const result = resultOf(first);
    expectScored(await (await fetch(result.url)).text(), 10);
    expect(result.RelativeLocation).not.toBe(resultOf(second).RelativeLocation);
    await expectReadOnly(result.url);
  });

  it('by a connection string: a SAS for reading, and nothing of the connection string', async () => {
    const result = resultOf(await run(body(byKey('data/ten.csv'), byKey('data/by-key.csv'))));
    await expectReadOnly(result.url);
    expect(JSON.stringify(result)).not.toContain('AccountKey');
  });

  it('by a SAS: the caller gets back what it gave', async () => {
    const ref = await bySas('by-sas.csv', 'rcw');
    const result = resultOf(await run(body(await bySas('ten.csv', 'r'), ref)));
    expect(result.SasBlobToken).toBe(ref['SasBlobToken']);
    expectScored(await (await fetch(result.url)).text(), 10);
  });

  it('by a SAS that may not read: written all the same, over what stood there', async () => {
    await putBlob(instance, 'unread.csv', 'older');
    const result = resultOf(await run(body(byKey('data/ten.csv'), await bySas('unread.csv', 'cw'))));
    expect((await fetch(result.url)).status).toBe(403);
    expectScored(await blobText(instance, 'unread.csv'), 10);
  });
});

async function expectReadOnly(url: string): Promise<void> {
  expect((await fetch(url, { method: 'DELETE' })).status).toBe(403);
  const put = { method: 'PUT', headers: { 'x-ms-blob-type': 'BlockBlob' }, body: 'x' };
  expect((await fetch(url, put)).status).toBe(403);
}

describe('an output that cannot be', () => {
  it('in a container that is missing: refused at the start', async () => {
    const refused = await refusedAtStart(body(byKey('data/ten.csv'), byKey('nowhere/out.csv')));
    expect(refused.code).toBe('ContainerValidationFailed');
    expect(refused.text).toMatch(/container of output "output1" does not exist: "nowhere" in .*Create it/);
  });

  it.each(['output', 'input'])(
    'by a SAS of the %s that has expired: refused at registration',
    async (which) => {
      const wanted =
        which === 'output'
          ? body(byKey('data/ten.csv'), await bySas('late.csv', 'rcw', -60_000))
          : body(await bySas('ten.csv', 'r', -60_000), byKey('data/late.csv'));
      const at = `${tenant.servicePath}/jobs?api-version=2.0`;
      const reply = await instance.call('POST', at, tenant.serviceKey, wanted);
      expect(reply.status).toBe(400);
      const { error } = reply.json as { error: { details: unknown[] } };
      const place = which === 'output' ? 'Outputs\\.output1 \\(data/late' : 'Input \\(data/ten';
      const message = new RegExp(
        `^The SAS of ${place}\\.csv\\) expired at \\d{4}-.*Z: give one whose expiry`,
      );
      expect(error.details).toEqual([{ code: 'InvalidBlob', message: expect.stringMatching(message) }]);
      expect(reply.text).not.toContain('sig=');
    },
  );

  it('by a SAS that may not write: failed at the first attempt, with the SAS to blame', async () => {
    const status = await run(body(byKey('data/ten.csv'), await bySas('read-only.csv', 'r')));
    expect(status).toMatchObject({ StatusCode: 'Failed', Attempt: 1 });
    expect(status.Details).toMatch(
      /data\/read-only\.csv may not be written .*its SAS .*lacks the right to write/,
    );
  });

  it.each(['output', 'input'])(
    'by a SAS of the %s that expires while the job waits: one attempt',
    async (which) => {
      const waiting = await makePool(instance, tenant, 0);
      const forMs = 2_000;
      const endMs = Date.now() + forMs;
      const wanted =
        which === 'output'
          ? body(byKey('data/ten.csv'), await bySas('too-late.csv', 'rcw', forMs), waiting)
          : body(await bySas('ten.csv', 'r', forMs), byKey('data/too-late.csv'), waiting);
      const path = await startJob(instance, tenant, wanted);
      await until(async () => (Date.now() > endMs + 1_000 ? true : undefined), 'the end of the SAS');
      await instance.call('POST', `${tenant.pools}/${waiting}/resize`, tenant.accountKey, { vmCount: 1 });
      const status = await ended(instance, tenant, path);
      expect(status).toMatchObject({ StatusCode: 'Failed', Attempt: 1, Results: null });
      expect(status.Details).toMatch(
        which === 'output'
          ? /too-late\.csv .*its SAS has expired, at \d{4}-.*Z\./
          : /ten\.csv .*its SAS has expired, at \d{4}-.*Z\./,
      );
      expect(await instance.data.getBlobClient('too-late.csv').exists()).toBe(false);
      // Its VM is none the worse for it.
      const next = await run(body(byKey('data/ten.csv'), byKey(`data/after-${which}.csv`), waiting));
      expect(next).toMatchObject({ StatusCode: 'Finished', VmId: status.VmId });
      await instance.call('DELETE', `${tenant.pools}/${waiting}`, tenant.accountKey);
    },
  );
});

it('a job that is cancelled in the middle is so at once, and its VM goes on with the next', async () => {
  await putBlob(instance, 'large.csv', await census(150_000));
  const single = await makePool(instance, tenant, 1);
  const path = await startJob(instance, tenant, body(byKey('data/large.csv'), byKey('data/cut.csv'), single));
  const next = await startJob(instance, tenant, body(byKey('data/ten.csv'), byKey('data/next.csv'), single));
  const running = await until(async () => {
    const status = await statusOf(instance, tenant, path);
    return status.StatusCode === 'Running' ? status : undefined;
  }, 'a running job');
  expect((await instance.call('DELETE', path, tenant.serviceKey)).status).toBe(204);
  expect(await statusOf(instance, tenant, path)).toMatchObject({ StatusCode: 'Cancelled', Results: null });
  const finished = await ended(instance, tenant, next);
  expect(finished).toMatchObject({ StatusCode: 'Finished', VmId: running.VmId });
  expect((await statusOf(instance, tenant, path)).StatusCode).toBe('Cancelled');
  expect((await poolOf(instance, tenant, single)).vms).toMatchObject({ idle: 1, busy: 0, failed: 0 });
});
