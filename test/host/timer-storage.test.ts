/** Timers with a real blob storage (Azurite): the status blob, and the lock that lets only one host run them. */
import { BlobServiceClient } from '@azure/storage-blob';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hostIdOf } from '../../shared/host/timer-store.ts';
import { startAzurite } from '../fixtures/azurite.ts';
import { atEnd, cleanUp, run, writeApp } from './fixture-app.ts';

const code = `
app.timer('often', { schedule: '* * * * * *', handler: (t, c) => { c.log('often by ' + process.pid + ' status ' + JSON.stringify(t.scheduleStatus ?? null)); } });
app.timer('hourly', { schedule: '0 0 * * * *', runOnStartup: true, handler: (t, c) => { c.log('hourly next ' + t.scheduleStatus.next); } });
app.http('pid', { route: 'pid', handler: () => ({ jsonBody: process.pid }) });
`;

describe('timers and their storage', () => {
  let connection: string;

  beforeAll(async () => {
    const azurite = await startAzurite();
    atEnd(() => azurite.stop());
    connection = azurite.connectionString;
  });
  afterAll(cleanUp);

  it('run under the lock, survive a crash of the child, and move to the next host once the first has stopped', async () => {
    const folder = writeApp({ code });
    const env = { AzureWebJobsStorage: connection };
    const first = await run(folder, { env });
    expect(await first.line(/often by/)).toContain(`often by ${first.pid} status null`);
    expect(await first.line(/hourly next/)).toMatch(/next \d{4}-\d\d-\d\dT\d\d:00:00\+00:00/);

    const blob = BlobServiceClient.fromConnectionString(connection)
      .getContainerClient('azure-webjobs-hosts')
      .getBlobClient(`timers/${hostIdOf(folder, {})}/Host.Functions.hourly/status`);
    const status = JSON.parse((await blob.downloadToBuffer()).toString()) as Record<string, string>;
    expect(status['Last']).toBe('0001-01-01T00:00:00+00:00');
    expect(Date.parse(status['Next'] ?? '')).toBeGreaterThan(Date.now());

    const second = await run(folder, { env });
    await second.line(/Another host holds the lock/);
    expect(second.lines.join('\n')).not.toContain('often by');

    const before = first.pid;
    process.kill(before, 'SIGKILL');
    await first.line(/started again/);
    const after = Number(await (await fetch(`${first.url}/pid`)).text());
    await first.line(new RegExp(`often by ${after} `));
    expect(second.lines.join('\n')).not.toContain('often by');

    await first.stop();
    await second.line(/Host lock acquired/);
    expect(await second.line(/often by/)).toContain(`often by ${second.pid}`);
  });

  it('take a status that cannot be understood for none', async () => {
    const folder = writeApp({ code });
    const container =
      BlobServiceClient.fromConnectionString(connection).getContainerClient('azure-webjobs-hosts');
    await container.createIfNotExists();
    const text = '{"Last":"a","Next":"b","LastUpdated":"c"}';
    const blob = container.getBlockBlobClient(`timers/${hostIdOf(folder, {})}/Host.Functions.hourly/status`);
    await blob.upload(text, text.length);
    const host = await run(folder, { env: { AzureWebJobsStorage: connection } });
    expect(await host.line(/hourly next/)).toMatch(/next \d{4}-\d\d-\d\dT\d\d:00:00\+00:00/);
  });

  it('do not run without storage, while HTTP does', async () => {
    const host = await run(writeApp({ code }));
    expect(await host.line(/AzureWebJobsStorage is not set/)).toBeDefined();
    expect((await fetch(`${host.url}/pid`)).status).toBe(200);
  });

  it('wait for a storage that does not answer, while HTTP goes on', async () => {
    const host = await run(writeApp({ code }), {
      env: { AzureWebJobsStorage: connection.replace(/127\.0\.0\.1:\d+/, '127.0.0.1:1') },
    });
    expect(await host.line(/Timers do not run until AzureWebJobsStorage answers/)).toContain('ECONNREFUSED');
    expect((await fetch(`${host.url}/pid`)).status).toBe(200);
  });
});
