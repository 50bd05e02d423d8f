/** Start, crash, timeout, reload and end of the host, seen from outside. */
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import net, { type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { HostRefusal } from '../../shared/host/refusal.ts';
import { openPort } from '../../shared/host/shared-port.ts';
import { cleanUp, run, writeApp, writeFunctions } from './fixture-app.ts';

const code = `
const http = (name, handler) => app.http(name, { methods: ['GET', 'POST'], authLevel: 'anonymous', route: name, handler });
http('pid', () => ({ jsonBody: process.pid }));
http('hangs', (r, c) => { c.log('it hangs'); return new Promise(() => undefined); });
http('crashes', () => { setTimeout(() => { throw new Error('crash of the app'); }); return new Promise(() => undefined); });
let release;
http('held', (r, c) => { c.log('it is held'); return new Promise((resolve) => { release = () => resolve({ body: 'let go' }); }); });
http('release', () => { release(); return { body: 'ok' }; });
app.hook.appStart((c) => { c.hookData.started = 'yes'; });
app.hook.appTerminate((c) => { console.log('appTerminate, started: ' + c.hookData.started); });
process.on('SIGUSR2', () => release());
process.on('SIGTERM', () => console.log('the app heard SIGTERM'));
`;
const text = async (url: string, init?: RequestInit): Promise<string> => (await fetch(url, init)).text();

describe('the life of a host', () => {
  afterEach(cleanUp);

  it('restarts a killed child on the same port, and the next request waits for it', async () => {
    const startedMs = performance.now();
    const host = await run(writeApp({ code }));
    const startMs = performance.now() - startedMs;
    const before = Number(await text(`${host.url}/pid`));
    expect(host.pid).toBe(before);
    process.kill(before, 'SIGKILL');
    const askedMs = performance.now();
    const after = Number(
      await text(`${host.url}/pid`, { headers: { connection: 'close' } }).catch(() =>
        text(`${host.url}/pid`),
      ),
    );
    // 1 s on an idle machine; a busy one needs longer for the start too.
    expect(performance.now() - askedMs).toBeLessThan(700 + 2 * startMs);
    expect(after).not.toBe(before);
    expect(host.pid).toBe(after);
    expect(await host.line(/SIGKILL.*started again/)).toBeDefined();
  });

  it('restarts after an uncaught exception of the app', async () => {
    const host = await run(writeApp({ code }));
    await expect(text(`${host.url}/crashes`)).rejects.toThrow();
    expect(await host.line(/crash of the app/)).toContain('Worker uncaught exception');
    expect(Number(await text(`${host.url}/pid`))).toBeGreaterThan(0);
  });

  it('answers 500 and restarts when a function outlives functionTimeout', async () => {
    const host = await run(
      writeApp({
        code,
        hostJson: { version: '2.0', functionTimeout: '00:00:01', extensions: { http: { routePrefix: '' } } },
      }),
    );
    const before = host.pid;
    const [hanging, other] = await Promise.all([fetch(`${host.url}/hangs`), fetch(`${host.url}/held`)]);
    expect([hanging.status, other.status]).toEqual([500, 500]);
    expect(await host.line(/Timeout value of 1s was exceeded by 'Functions\.(hangs|held)'/)).toBeDefined();
    expect(Number(await text(`${host.url}/pid`))).not.toBe(before);
  });

  it('lets a client that was answered early send the rest of its request when stopped, and never resets it', async () => {
    const host = await run(writeApp({ code }));
    const socket = net.connect(Number(new URL(host.url).port), '127.0.0.1');
    const ended = Promise.withResolvers<string>();
    socket.on('error', (error) => ended.resolve(error.message));
    socket.on('end', () => ended.resolve('closed'));
    const half = Buffer.alloc(50_000, 'x');
    socket.write('POST /pid HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n');
    socket.write(half);
    // As a client that reads when it has sent all.
    await host.line(/Executed 'Functions\.pid'/);
    const stopped = host.stop();
    await host.line(/Stopping/);
    // What is sent from now on meets the connection as the host has left it; the second half is over two writes.
    for (const part of [half.subarray(0, 20_000), half.subarray(20_000)]) {
      await new Promise((written) => socket.write(part, written));
      await fetch(`${host.url}/pid`).catch(() => undefined);
    }
    let got = '';
    socket.setEncoding('utf8').on('data', (some: string) => (got += some));
    expect(await ended.promise).toBe('closed');
    expect(got).toMatch(/^HTTP\/1\.1 200 /);
    socket.destroy();
    await stopped;
    expect(await host.exited).toBe(0);
  });

  it(
    'does not wait, when stopped, for the rest of a request that its client broke off',
    { timeout: 20_000 },
    async () => {
      const host = await run(writeApp({ code }));
      const socket = net.connect(Number(new URL(host.url).port), '127.0.0.1');
      socket.write('POST /pid HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n');
      await once(socket, 'data');
      socket.destroy();
      await once(socket, 'close');
      // The host's grace is longer than this test may take.
      await host.stop();
      expect(await host.exited).toBe(0);
    },
  );

  it('lets running requests end when stopped, refuses new ones, runs appTerminate and exits 0', async () => {
    const host = await run(writeApp({ code }));
    const held = text(`${host.url}/held`);
    await host.line(/it is held/);
    const { pid } = host;
    const stopped = host.stop();
    await host.line(/Stopping/);
    await expect(fetch(`${host.url}/pid`)).rejects.toThrow();
    process.kill(pid, 'SIGUSR2');
    expect(await held).toBe('let go');
    await stopped;
    expect(await host.exited).toBe(0);
    expect(await host.line(/appTerminate/)).toContain('started: yes');
    for (const said of ['Stopping', 'the app heard SIGTERM'])
      expect(host.lines.filter((line) => line.includes(said))).toHaveLength(1);
  });

  it('loses none of 100 running requests on SIGTERM', async () => {
    const host = await run(
      writeApp({
        code: `let waiting = []; process.on('SIGTERM', () => setTimeout(() => waiting.forEach((go) => go())));
          app.http('w', { route: 'w', handler: (r, c) => new Promise((resolve) => { waiting.push(() => resolve({ body: 'done' })); if (waiting.length === 100) console.log('all wait'); }) });`,
      }),
    );
    const answers = Array.from({ length: 100 }, () => text(`${host.url}/w`));
    await host.line(/all wait/);
    process.kill(host.pid, 'SIGTERM');
    expect(new Set(await Promise.all(answers))).toEqual(new Set(['done']));
    expect(await host.exited).toBe(0);
  });

  it('answers 1,024 requests at once', async () => {
    const host = await run(
      writeApp({
        code: `let all = []; app.http('w', { route: 'w', handler: () => new Promise((resolve) => { all.push(resolve); if (all.length === 1024) all.forEach((go, n) => go({ jsonBody: n })); }) });`,
      }),
    );
    const answers = await Promise.all(Array.from({ length: 1024 }, () => text(`${host.url}/w`)));
    expect(new Set(answers).size).toBe(1024);
  });

  it('starts anew when a file changes and it watches', async () => {
    const folder = writeApp({ code });
    const host = await run(folder, { watch: true });
    writeFunctions(folder, `app.http('pid', { route: 'pid', handler: () => ({ body: 'changed' }) });`);
    await host.line(/A file changed/);
    expect(await text(`${host.url}/pid`)).toBe('changed');
  });

  it.each([
    ['maxConcurrentRequests', { maxConcurrentRequests: 2, maxOutstandingRequests: 9 }],
    ['maxOutstandingRequests', { maxConcurrentRequests: -1, maxOutstandingRequests: 2 }],
  ])('gives the answer 429 above %s', async (_, limits) => {
    const hostJson = { version: '2.0', extensions: { http: { routePrefix: '', ...limits } } };
    const host = await run(writeApp({ code, hostJson }));
    const held = text(`${host.url}/held`);
    await host.line(/it is held/);
    const hanging = fetch(`${host.url}/hangs`).catch(() => undefined);
    await host.line(/it hangs/);
    expect((await fetch(`${host.url}/pid`)).status).toBe(429);
    process.kill(host.pid, 'SIGUSR2');
    expect(await held).toBe('let go');
    expect((await fetch(`${host.url}/pid`)).status).toBe(200);
    process.kill(host.pid, 'SIGKILL');
    await hanging;
  });

  it('answers the admin API', async () => {
    const host = await run(
      writeApp({
        code: `${code} app.timer('never', { schedule: '0 0 0 1 1 *', handler: (t, c) => { c.log('ran by hand: ' + JSON.stringify(t)); } });`,
      }),
    );
    const status = (await (await fetch(`${host.url}/admin/host/status`)).json()) as { state: string };
    expect(status.state).toBe('Running');
    expect((await fetch(`${host.url}/admin/host/ping`, { method: 'POST' })).status).toBe(200);
    const functions = (await (await fetch(`${host.url}/admin/functions`)).json()) as { name: string }[];
    expect(functions.map(({ name }) => name).sort()).toEqual([
      'crashes',
      'hangs',
      'held',
      'never',
      'pid',
      'release',
    ]);
    const post = async (name: string, body: string, type = 'application/json'): Promise<number> =>
      (
        await fetch(`${host.url}/admin/functions/${name}`, {
          method: 'POST',
          body,
          headers: { 'content-type': type },
        })
      ).status;
    expect(await post('never', '{"input":null}')).toBe(202);
    expect(await host.line(/ran by hand/)).toContain('"isPastDue":false');
    expect(await post('pid', '{"input":""}')).toBe(202);
    expect(await host.line(/'Functions\.pid' was not run by hand/)).toContain('only timers');
    expect(await post('unknown', '{}')).toBe(404);
    expect(await post('never', 'no JSON')).toBe(400);
    expect(await post('never', '"text"')).toBe(400);
    expect((await fetch(`${host.url}/admin/host/status`, { method: 'PUT' })).status).toBe(404);
    expect((await fetch(`${host.url}/admin/functions/never/status`)).status).toBe(404);
    expect(await post('never', '{"input":null}', 'text/plain')).toBe(415);
    expect(await post('never', '{"input":{}}')).toBe(400);
    expect(
      await host.line(/Executing 'Functions\.never' \(Reason='This function was programmatically/),
    ).toBeDefined();
  });

  it('lists the functions with their addresses, and warns of what it does not know', async () => {
    const host = await run(
      writeApp({ code, hostJson: { version: '2.0', surprise: 1, extensions: { http: { odd: 1 } } } }),
    );
    expect(await host.line(/\tpid: \[GET,POST\]/)).toContain(`http://127.0.0.1:${host.port}/api/pid`);
    expect(await host.line(/"surprise" is not known/)).toBeDefined();
    expect(await host.line(/"extensions\.http\.odd" is not known/)).toBeDefined();
    expect(await text(`${host.url}/api/pid`)).toBe(String(host.pid));
  });

  it('leaves out what the real host calls "in error", and serves the rest', async () => {
    const host = await run(
      writeApp({
        code: `${code} app.timer('t', { schedule: 'often', handler: () => {} });
          app.http('a', { route: 'Admin/x', handler: () => ({ body: 'a' }) });
          app.http('pid2', { route: 'PID', handler: () => ({ body: 'twin' }) });`,
      }),
    );
    expect(await host.line(/'t' function is in error/)).toContain('neither NCRONTAB');
    expect(await host.line(/'a' function is in error/)).toContain("the host's own");
    expect(await host.line(/'pid2' function is in error/)).toContain('the function "pid"');
    expect(await text(`${host.url}/pid`)).toBe(String(host.pid));
    expect((await fetch(`${host.url}/Admin/x`)).status).toBe(404);
  });

  it('loads only the functions that host.json names, and serves none that a setting disables', async () => {
    const host = await run(
      writeApp({
        code,
        hostJson: {
          version: '2.0',
          functions: ['pid', 'release'],
          extensions: { http: { routePrefix: '' } },
        },
        localSettings: { Values: { AzureWebJobs_release_Disabled: 'True' } },
      }),
    );
    expect(await host.line(/\trelease: disabled/)).toBeDefined();
    expect(host.lines.join('\n')).not.toContain('\theld');
    expect(await text(`${host.url}/pid`)).toBe(String(host.pid));
    for (const path of ['held', 'release']) expect((await fetch(`${host.url}/${path}`)).status).toBe(404);
  });

  it('runs a CommonJS app, and one whose hook on the way out throws', async () => {
    const folder = writeApp({ code: '' });
    writeFileSync(join(folder, 'package.json'), '{ "main": "{src/*,more}.js" }');
    mkdirSync(join(folder, 'src'));
    const load = `const { app } = require('@azure/functions');`;
    writeFileSync(
      join(folder, 'src/a.js'),
      `${load} app.get('a', () => ({ body: __filename })); app.hook.appTerminate(() => { throw new Error('not yet'); });`,
    );
    writeFileSync(
      join(folder, 'more.js'),
      `${load} app.post('more', { handler: () => ({ body: 'more' }) });`,
    );
    const host = await run(folder);
    expect(await text(`${host.url}/a`)).toBe(join(folder, 'src/a.js'));
    expect(await text(`${host.url}/more`, { method: 'POST' })).toBe('more');
    await host.stop();
    expect(await host.line(/An appTerminate hook threw/)).toContain('not yet');
    expect(await host.exited).toBe(0);
  });

  it('stays up without a function, and says so', async () => {
    const folder = writeApp({ code: '' });
    writeFileSync(join(folder, 'package.json'), '{ "main": "nothing/*.js" }');
    const host = await run(folder);
    expect(await host.line(/No job functions found/)).toBeDefined();
    expect((await fetch(`${host.url}/a`)).status).toBe(404);
  });

  it('waits longer and longer for an app that crashes again and again, and can still be stopped', async () => {
    const folder = writeApp({ code });
    const host = await run(folder);
    writeFunctions(folder, `console.log('started at ' + Date.now()); throw new Error('it got worse');`);
    process.kill(host.pid, 'SIGKILL');
    const starts = (): number[] =>
      host.lines.flatMap((line) => Number(/^started at (\d+)/.exec(line)?.[1] ?? NaN) || []);
    await vi.waitFor(() => expect(starts().length).toBeGreaterThan(3), { timeout: 20_000 });
    const [first = 0, second = 0, third = 0, fourth = 0] = starts();
    expect([second - first > 100, third - second > 200, fourth - third > 400]).toEqual([true, true, true]);
    expect(await host.line(/it got worse.*|started again/)).toBeDefined();
    await host.stop();
  });

  it('lets the process environment win over local.settings.json', async () => {
    const folder = writeApp({
      code: `app.http('env', { route: 'env', handler: () => ({ jsonBody: [process.env.A_SETTING, process.env.B_SETTING] }) });`,
      localSettings: { Values: { A_SETTING: 'file', B_SETTING: 'file' } },
    });
    const host = await run(folder, { env: { A_SETTING: 'process' } });
    expect(await text(`${host.url}/env`)).toBe('["process","file"]');
  });
});

describe('a host that must not start', () => {
  afterEach(cleanUp);
  const cases: [string, string, RegExp][] = [
    [
      'a leading slash in a route',
      `app.http('f', { route: '/x', handler: () => ({}) });`,
      /must not begin with a slash/,
    ],
    ['a template that is none', `app.http('f', { route: 'x/{y', handler: () => ({}) });`, /braces/],
    ['an entry file that throws', `throw new Error('not today');`, /not today/],
    ['an entry file that exits', `process.exit(3);`, /exit code 3/],
  ];

  it.each(cases)('says so: %s', async (_, code, sentence) => {
    const refused = await run(writeApp({ code })).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(HostRefusal);
    expect((refused as HostRefusal).message).toMatch(sentence);
  });

  it('says so: a folder that is not there', async () => {
    const refused = await run('/nowhere/at/all').catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(HostRefusal);
    expect((refused as HostRefusal).message).toMatch(/cannot be run in the folder \/nowhere\/at\/all/);
  });

  it('says so: a taken port', async () => {
    const other = net.createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const refused = await run(writeApp({ code }), { port }).catch((error: unknown) => error);
    other.close();
    expect(refused).toBeInstanceOf(HostRefusal);
    expect((refused as HostRefusal).message).toContain(`port ${port} is taken by another program`);
  });

  it('says so: a port that another program takes while the app starts', async () => {
    const reserved = openPort(0);
    const starting = run(writeApp({ code }), { port: reserved.port }).catch((error: unknown) => error);
    const other = net.createServer().listen(reserved.port, '127.0.0.1');
    await once(other, 'listening');
    const refused = await starting;
    other.close();
    reserved.close();
    expect(refused).toBeInstanceOf(HostRefusal);
    expect((refused as HostRefusal).message).toContain(`port ${reserved.port} is taken by another program`);
  });
});
