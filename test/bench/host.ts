/**
 * The embedded Functions host: its start, its weight, its requests beside those of a bare node server, long bodies, a
 * killed child.
 */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { freePort } from '../../shared/cli/free-port.ts';
import { projectRoot } from '../../shared/cli/places.ts';
import type { Load } from './http-load.ts';
import { atLeast, atMost, median, type Measure } from './measures.ts';

const connections = 32;
const settleMs = 1_500;
const functions = `import { app } from '@azure/functions';
app.setup({ enableHttpStream: true });
const http = (name, methods, handler) => app.http(name, { authLevel: 'anonymous', methods, route: name, handler });
http('hello', ['GET'], () => ({ body: 'hello', headers: { 'content-length': '5' } }));
http('pid', ['GET'], () => ({ jsonBody: process.pid }));
http('up', ['POST'], async (request) => { let bytes = 0; for await (const chunk of request.body) bytes += chunk.length; return { jsonBody: bytes }; });
http('down', ['GET'], (request) => ({ body: (async function* () { const mib = Buffer.alloc(1 << 20); for (let n = Number(request.query.get('mib')); n > 0; n--) yield mib; })() }));
`;
const bare = `require('node:http').createServer((q, r) => r.writeHead(200, { 'content-length': 5 }).end('hello'))
  .listen(0, '127.0.0.1', function () { console.log(this.address().port); });`;

export async function benchHost({ full }: { readonly full: boolean }): Promise<Measure[]> {
  const folder = writeApp();
  const started: ChildProcess[] = [];
  try {
    const starts: number[] = [];
    for (let round = 0; round < 3; round++) starts.push(await timeOfStart(folder));
    const { url, supervisor } = await startHost(folder, started);
    await pause(settleMs);
    const pid = Number(await (await fetch(`${url}/pid`)).text());
    const idle = [rssMb(supervisor.pid), rssMb(pid)] as const;
    const loads = await besideBare(url, started, full ? 5 : 3);
    const bodies = await longBodies(url, pid, full ? 2_048 : 256);
    const measures = [...startAndWeight(starts, idle), ...loads, ...bodies, await afterKill(url, pid)];
    return measures.filter(({ value }) => !Number.isNaN(value));
  } finally {
    for (const child of started) await end(child);
    rmSync(folder, { recursive: true, force: true });
  }
}

function writeApp(): string {
  const folder = mkdtempSync(join(tmpdir(), 'bench-host-'));
  mkdirSync(join(folder, 'functions'));
  symlinkSync(join(projectRoot, 'node_modules'), join(folder, 'node_modules'));
  writeFileSync(join(folder, 'functions/main.js'), functions);
  writeFileSync(join(folder, 'package.json'), '{ "type": "module", "main": "functions/*.js" }');
  const http = { routePrefix: '' };
  writeFileSync(join(folder, 'host.json'), JSON.stringify({ version: '2.0', extensions: { http } }));
  return folder;
}

async function startHost(
  folder: string,
  started: ChildProcess[],
): Promise<{ url: string; supervisor: ChildProcess }> {
  const port = await freePort();
  const main = join(projectRoot, 'dist/shared/host/main.js');
  const args = [main, 'start', '--script-root', folder, '--port', String(port)];
  const supervisor = spawn(process.execPath, args, { stdio: 'ignore' });
  started.push(supervisor);
  const url = `http://127.0.0.1:${port}`;
  for (;;) {
    const answer = await fetch(`${url}/pid`).catch(() => undefined);
    if (answer?.status === 200) return { url, supervisor };
    if (hasEnded(supervisor)) throw new Error('the host could not be started: is it built?');
    await pause(5);
  }
}

async function timeOfStart(folder: string): Promise<number> {
  const beganMs = performance.now();
  const started: ChildProcess[] = [];
  await startHost(folder, started);
  const tookMs = performance.now() - beganMs;
  for (const child of started) await end(child);
  return tookMs;
}

async function end(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return;
  const ended = once(child, 'exit');
  child.kill();
  await ended;
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

function startAndWeight(
  starts: readonly number[],
  [supervisor, child]: readonly [number, number],
): Measure[] {
  const readyMs = median(starts);
  const text = 'asked for; an empty node of the same version weighs 43 MB';
  return [
    {
      id: 'host-ready',
      what: 'from spawn to the first answer',
      value: readyMs,
      unit: 'ms',
      target: atMost(
        readyMs,
        500,
        'ms',
        'timed',
        'asked for; 200 to 450 ms on 2 cores, by what else they do',
      ),
    },
    {
      id: 'host-supervisor-idle',
      what: 'supervisor, idle',
      value: supervisor,
      unit: 'MB',
      target: atMost(supervisor, 50, 'MB', 'timed', `${text}, and this 49`),
    },
    {
      id: 'host-child-idle',
      what: "the app's process, idle",
      value: child,
      unit: 'MB',
      target: atMost(child, 90, 'MB', 'timed', `${text}, and this 66 with the library`),
    },
  ];
}

async function besideBare(url: string, started: ChildProcess[], rounds: number): Promise<Measure[]> {
  const server = spawn(process.execPath, ['-e', bare], { stdio: ['ignore', 'pipe', 'inherit'] });
  started.push(server);
  const [port] = (await once(server.stdout.setEncoding('utf8'), 'data')) as [string];
  const pairs: { host: Load; node: Load }[] = [];
  for (let round = 0; round < rounds; round++) {
    const node = await load(`http://127.0.0.1:${Number(port)}/`);
    pairs.push({ node, host: await load(`${url}/hello`) });
  }
  if (pairs.some(({ host }) => host.failed > 0)) throw new Error('the host did not answer every request');
  const share = median(pairs.map(({ host, node }) => host.perSecond / node.perSecond));
  const p99Ms = median(pairs.map(({ host }) => host.p99Ms));
  const bareP99Ms = median(pairs.map(({ node }) => node.p99Ms));
  const basis = 'asked for; the real host has 0.043 streaming, this one 0.15 to 0.27 by what else 2 cores do';
  return [
    {
      id: 'host-share',
      what: 'requests/s at 32 connections, share of a bare node server',
      value: share,
      unit: 'x',
      target: atLeast(share, 0.13, 'x', 'timed', basis),
    },
    {
      id: 'host-p99',
      what: '  p99',
      value: p99Ms,
      unit: 'ms',
      target: atMost(p99Ms, 30, 'ms', 'timed', 'asked for, where nothing else takes the processors'),
    },
    { id: 'bare-p99', what: '  p99 of the bare server', value: bareP99Ms, unit: 'ms' },
  ];
}

async function load(url: string): Promise<Load> {
  const client = join(import.meta.dirname, 'http-load.ts');
  const { stdout } = await promisify(execFile)(process.execPath, [client, url, String(connections), '2500']);
  return JSON.parse(stdout) as Load;
}

/** Streams that many MiB up, in parts below the limit of one body, and down; gives the highest memory meanwhile. */
async function longBodies(url: string, pid: number, mib: number): Promise<Measure[]> {
  let peakMb = 0;
  const watch = setInterval(() => (peakMb = Math.max(peakMb, rssMb(pid))), 50);
  const chunk = Buffer.alloc(1 << 20);
  const partMib = 64;
  for (let sent = 0; sent < mib; sent += partMib) {
    const body = ReadableStream.from(Array.from({ length: partMib }, () => chunk)) as ReadableStream;
    const answer = await fetch(`${url}/up`, { method: 'POST', body, duplex: 'half' });
    if ((await answer.text()) !== String(partMib << 20)) throw new Error('the upload was cut');
  }
  const upMb = peakMb;
  peakMb = 0;
  let bytes = 0;
  const { body } = await fetch(`${url}/down?mib=${mib}`);
  for await (const part of body ?? []) bytes += (part as Uint8Array).length;
  clearInterval(watch);
  if (bytes !== mib * (1 << 20)) throw new Error('the download was cut');
  const basis =
    'set: half of what the real host held for one slow client; seen 150 to 260 after the load above';
  const one = (id: string, what: string, value: number): Measure => ({
    id,
    what: `${what} ${mib} MiB streamed, memory at most`,
    value,
    unit: 'MB',
    target: atMost(value, 300, 'MB', 'timed', basis),
  });
  return [one('host-upload-memory', 'up:', upMb), one('host-download-memory', 'down:', peakMb)];
}

async function afterKill(url: string, pid: number): Promise<Measure> {
  process.kill(pid, 'SIGKILL');
  const askedMs = performance.now();
  // What the killed one had accepted breaks; the next connection waits for the new one.
  let answer: string | undefined;
  while (answer === undefined) answer = await fresh(`${url}/pid`).catch(() => undefined);
  if (answer === String(pid)) throw new Error('the killed process answered');
  const tookMs = performance.now() - askedMs;
  return {
    id: 'host-after-kill',
    what: 'from kill -9 of the child to the next answer',
    value: tookMs,
    unit: 'ms',
    target: atMost(tookMs, 1_000, 'ms', 'timed', 'asked for'),
  };
}

/** Over a connection of its own, which fetch does not promise. */
async function fresh(url: string): Promise<string> {
  const [response] = (await once(get(url, { agent: false }), 'response')) as [IncomingMessage];
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) text += String(chunk);
  return text;
}

/** Resident memory in MB of 2^20 bytes; NaN where the system does not say. */
function rssMb(pid: number | undefined): number {
  const file = `/proc/${pid}/status`;
  return existsSync(file) ? Number(/VmRSS:\s+(\d+)/.exec(readFileSync(file, 'utf8'))?.[1]) / 1_024 : NaN;
}
