/** Local VMs are real processes: one for an id, seen when they die, gone when they should be. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Holder } from '../../shared/compute/host-lease.ts';
import { makeLocalCompute, type LocalCompute } from '../../shared/compute/local.ts';
import { startFakeService, token, type FakeService } from '../vm/fake-service.ts';
import { randomId } from '../vm/blob-place.ts';

let service: FakeService;
let compute: LocalCompute;
let exits: [string, string][];
let pids: Map<string, number>;
let holder: Holder;
let change: (state: Holder) => void;

beforeEach(async () => {
  service = await startFakeService();
  exits = [];
  pids = new Map();
  holder = 'self';
  change = () => undefined;
  compute = make(longMs);
});
afterEach(async () => {
  await compute.close();
  await service.close();
});

/** More time than a VM needs to leave, on a busy machine too. */
const longMs = 20_000;
const soon = { interval: 5, timeout: 10_000 };

function make(killMs: number): LocalCompute {
  return makeLocalCompute({
    hostId: 'h'.repeat(32),
    vmUrl: () => service.url,
    tokenFor: (vmId) => `${token}-${vmId}`,
    lease: {
      state: () => holder,
      onChange: (listener) => {
        change = listener;
        return () => undefined;
      },
    },
    log: (event, fields) => {
      if (event === 'compute.vm-started') pids.set(String(fields?.['vmId']), Number(fields?.['pid']));
    },
    onExit: (vmId, cause) => exits.push([vmId, cause]),
    killMs,
    stderr: 'ignore',
  });
}

async function started(): Promise<{ vmId: string; pid: number }> {
  const vmId = randomId();
  await compute.start(vmId, vmId);
  await service.until(() => service.calls.some((call) => call.vmId === vmId && call.action === 'next'));
  return { vmId, pid: pids.get(vmId) ?? 0 };
}

/** One that has ended may stay in the process table for a while, as a zombie. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  if (process.platform !== 'linux') return true;
  try {
    return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
  } catch {
    return false;
  }
}

test('a started VM runs with its own token; starting it again changes nothing', async () => {
  const { vmId } = await started();
  await compute.start(vmId, vmId);
  const seen = await compute.observe();
  expect(seen).toEqual({ holder: 'self', running: new Set([vmId]), exited: new Map() });
  expect(service.calls.every((call) => call.token === `${token}-${vmId}`)).toBe(true);
  expect(service.calls.filter((call) => call.action === 'hello')).toHaveLength(1);
});

test('a killed VM is noticed at once, with how; its id gets no second process', async () => {
  const { vmId, pid } = await started();
  const sinceMs = performance.now();
  process.kill(pid, 'SIGKILL');
  await expect.poll(() => exits, soon).toEqual([[vmId, 'its process was killed by SIGKILL']]);
  expect(performance.now() - sinceMs).toBeLessThan(2_000);
  expect((await compute.observe()).exited).toEqual(new Map([[vmId, 'its process was killed by SIGKILL']]));
  await compute.start(vmId, vmId);
  expect((await compute.observe()).running).toEqual(new Set());
  await compute.stop(vmId);
  expect((await compute.observe()).exited).toEqual(new Map());
  await compute.start(vmId, vmId);
  expect(pids.size).toBe(1);
  expect((await compute.observe()).running).toEqual(new Set());
});

test('a VM that leaves by itself is seen with its exit code', async () => {
  const { vmId } = await started();
  service.stopVm('enough');
  await expect.poll(() => exits, soon).toEqual([[vmId, 'its process ended with exit code 0']]);
});

test('stop: asked to leave, and acknowledged', async () => {
  const { vmId, pid } = await started();
  await compute.stop(vmId);
  expect(isAlive(pid)).toBe(false);
  expect(exits).toEqual([[vmId, 'its process ended with exit code 0 (it was told to stop)']]);
  expect(service.calls.at(-1)?.action).toBe('bye');
  expect(await compute.observe()).toMatchObject({ running: new Set(), exited: new Map() });
  await compute.stop(vmId);
});

test.skipIf(process.platform === 'win32')('stop: one that does not listen is killed', async () => {
  await compute.close();
  compute = make(300);
  const { vmId, pid } = await started();
  process.kill(pid, 'SIGSTOP');
  await compute.stop(vmId);
  expect(isAlive(pid)).toBe(false);
  expect(exits[0]?.[1]).toContain('killed by SIGKILL');
});

test('where another host holds the VMs nothing is started', async () => {
  holder = 'other';
  const vmId = randomId();
  await expect(compute.start(vmId, vmId)).rejects.toThrow('another host');
  expect(await compute.observe()).toMatchObject({ holder: 'other', running: new Set() });
  holder = 'self';
  await compute.start(vmId, vmId);
  expect((await compute.observe()).running).toEqual(new Set([vmId]));
});

test('when another host takes the VMs over, all of this one stop', async () => {
  const all = [await started(), await started()];
  holder = 'other';
  change('other');
  await expect.poll(() => exits.length, soon).toBe(2);
  expect(all.some(({ pid }) => isAlive(pid))).toBe(false);
  expect(exits[0]?.[1]).toContain('another host runs the VMs');
});

test('close: every VM has ended when it returns, and none is started any more', async () => {
  const all = [await started(), await started()];
  await compute.close();
  expect(all.some(({ pid }) => isAlive(pid))).toBe(false);
  expect(exits).toHaveLength(2);
  const vmId = randomId();
  await expect(compute.start(vmId, vmId)).rejects.toThrow('shutting down');
});

test.each(['SIGKILL', 'exit'] as const)('a host that ends by %s leaves no VM behind', async (how) => {
  const vmId = randomId();
  const program = fileURLToPath(new URL('host-program.ts', import.meta.url));
  const host = fork(program, [service.url, vmId], {
    execArgv: [],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const [began] = (await once(host, 'message')) as [{ pid: number }];
  try {
    await service.until(() => service.calls.some((call) => call.action === 'next'));
    expect(isAlive(began.pid)).toBe(true);
    if (how === 'exit') host.send('exit');
    else host.kill('SIGKILL');
    await once(host, 'exit');
    await expect.poll(() => isAlive(began.pid), soon).toBe(false);
  } finally {
    host.kill('SIGKILL');
  }
});
