/** What a VM's requests to blob storage meet: the same rules of blocks and conditions as Azure's, and the weather. */
import { Buffer } from 'node:buffer';
import type { BlobCall, BlobTry } from '../../shared/vm/blob-call.ts';
import type { SimBlobs } from './sim-blobs.ts';
import type { VmProcess } from './vm-process.ts';

const giveUpMs = 180_000;
const callMs = 30_000;

/** A result that has become visible. */
export type OutputCommit = {
  readonly vmId: string;
  readonly url: string;
  readonly jobId: string;
  readonly attempt: number;
  readonly body: string;
  /** Version that this VM saw there when it last looked; undefined: nothing there, or it never looked. */
  readonly seen: number | undefined;
  /** Version that it replaced. */
  readonly before: number | undefined;
  /** Jobs and attempts whose blocks it is made of. */
  readonly madeOf: readonly string[];
};

export type BlobWire = {
  /** Repeated until the storage has said yes or no, or patience has run out; as `askBlob` does. */
  ask(vm: VmProcess, call: BlobCall, signal: AbortSignal): Promise<BlobTry>;
};

export function makeBlobWire(blobs: SimBlobs, onCommit: (commit: OutputCommit) => void): BlobWire {
  const seen = new Map<string, number | undefined>();

  function carryOut(vm: VmProcess, call: BlobCall): BlobTry {
    const opened = blobs.open(call.url);
    if (opened === undefined) return refused(403, 'AuthenticationFailed');
    const { path } = opened;
    const held = blobs.held.get(path);
    switch (call.query?.['comp'] ?? call.method) {
      case 'HEAD':
        seen.set(`${vm.vmId} ${path}`, held?.version);
        if (held === undefined) return refused(404, 'BlobNotFound');
        return done({ etag: held.etag, 'x-ms-blob-type': 'BlockBlob', ...held.meta });
      case 'GET': {
        if (held === undefined) return refused(404, 'BlobNotFound');
        if (call.headers?.['if-match'] !== held.etag) return refused(412, 'ConditionNotMet');
        return done({ body: held.body });
      }
      case 'block': {
        let blocks = blobs.staged.get(path);
        if (blocks === undefined) blobs.staged.set(path, (blocks = new Map()));
        blocks.set(call.query!['blockid']!, Buffer.from(call.body!).toString());
        return done({});
      }
      case 'blocklist':
        return commit(vm, call, path);
    }
    throw new Error(`no such blob call: ${call.method} ${call.query?.['comp'] ?? ''}`);
  }

  function commit(vm: VmProcess, call: BlobCall, path: string): BlobTry {
    const held = blobs.held.get(path);
    const { headers = {} } = call;
    if (headers['if-none-match'] === '*' && held !== undefined) return refused(409, 'BlobAlreadyExists');
    if (headers['if-match'] !== undefined && headers['if-match'] !== held?.etag)
      return refused(412, 'ConditionNotMet');
    const list = [
      ...Buffer.from(call.body!)
        .toString()
        .matchAll(/<Latest>([^<]+)<\/Latest>/g),
    ].map(([, id]) => id!);
    const blocks = blobs.staged.get(path);
    const parts = list.map((id) => blocks?.get(id));
    if (parts.includes(undefined)) return refused(400, 'InvalidBlockList');
    blobs.staged.delete(path);
    const meta = Object.fromEntries(
      Object.entries(headers).filter(([name]) => name.startsWith('x-ms-meta-')),
    );
    const body = parts.join('');
    blobs.put(path, body, meta);
    onCommit({
      vmId: vm.vmId,
      url: path,
      jobId: meta['x-ms-meta-millpondjob'] ?? '',
      attempt: Number(meta['x-ms-meta-millpondattempt']),
      body,
      seen: seen.get(`${vm.vmId} ${path}`),
      before: held?.version,
      madeOf: [...new Set(list.map((id) => Buffer.from(id, 'base64').toString('latin1').slice(0, 37)))],
    });
    return done({});
  }

  return {
    async ask(vm, call, signal) {
      const sinceMs = vm.nowMs;
      for (let failures = 1; ; failures += 1) {
        signal.throwIfAborted();
        const tried = await once(vm, call);
        signal.throwIfAborted();
        if (tried.kind !== 'unheard' || vm.nowMs - sinceMs > giveUpMs) return tried;
        await vm.sleep(Math.min(10_000, 100 * 2 ** failures));
      }
    },
  };

  function once(vm: VmProcess, call: BlobCall): Promise<BlobTry> {
    const fate = blobs.weather.fate();
    vm.step();
    return new Promise((resolve) => {
      const { scheduler } = vm;
      if (vm.isCutFrom('blobs') || fate.kind === 'failed') {
        vm.after(fate.kind === 'failed' ? fate.afterMs : callMs, () =>
          resolve({ kind: 'unheard', from: 'nowhere', why: 'no answer' }),
        );
      } else if (fate.kind === 'unheard') {
        // A request that is late is carried out all the same, whatever has become of the process.
        scheduler.after(fate.sendMs, () => void carryOut(vm, call));
        vm.after(fate.afterMs, () => resolve({ kind: 'unheard', from: 'nowhere', why: 'no answer' }));
      } else {
        scheduler.reach(fate.sendMs, () => {
          const tried = carryOut(vm, call);
          scheduler.reach(fate.replyMs, () => resolve(tried), vm);
        });
      }
    });
  }
}

function done(headers: Readonly<Record<string, string>>): BlobTry {
  const get = (name: string) => headers[name] ?? null;
  const response = { status: 200, headers: { get }, next: async () => undefined };
  return { kind: 'done', response, end: () => undefined };
}

function refused(status: number, code: string): BlobTry {
  return { kind: 'refused', status, code };
}
