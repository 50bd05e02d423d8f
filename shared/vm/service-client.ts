/**
 * The VM's side of the protocol: every call repeated until it is answered, since every call may be. A VM outlives a
 * restart of the service; what ends it is an answer (401, 404, `stop`), a service that stays away, or its own signal.
 */
import type { JobId, VmId } from '../core/ids.ts';
import { limits } from '../core/limits.ts';
import type { BeatCall, BeatReply, HelloReply, NextReply, Outcome, Stop } from '../core/vm-protocol.ts';
import { backoffMs } from './backoff.ts';
import { pause } from './pause.ts';
import type { VmLog } from './vm-log.ts';

export type ServiceClientOptions = {
  readonly vmId: VmId;
  /** Base URL, without a slash at the end. */
  readonly url: string;
  readonly token: string;
  /** 32 random hex digits of this boot. */
  readonly nonce: string;
  readonly log: VmLog;
  /** A service that has not answered for so long has given this VM up. Default 30 min. */
  readonly giveUpMs?: number;
  /** Deadline of one try. Default 60 s: well above the 20 s that `next` may be held. */
  readonly callMs?: number;
};

export type ServiceClient = {
  hello(signal: AbortSignal): Promise<HelloReply>;
  next(signal: AbortSignal): Promise<NextReply>;
  /** One try: who sends beats repeats it soon. */
  beat(job?: BeatCall['job']): Promise<BeatReply | { readonly kind: 'unheard' }>;
  /** The same, repeated until it is answered. */
  surelyBeat(job: BeatCall['job'], signal: AbortSignal): Promise<BeatReply>;
  finish(
    job: { readonly jobId: JobId; readonly attempt: number },
    outcome: Outcome,
    signal: AbortSignal,
    /** Default `stay`: it takes the next job. */
    after?: 'stay' | 'leave',
  ): Promise<NextReply>;
  /** One try: whoever does not hear it finds the process gone. */
  bye(): Promise<void>;
};

type Call = { readonly action: string; readonly body: object; readonly callMs: number };
type Try =
  | { readonly kind: 'answered'; readonly reply: unknown }
  | { readonly kind: 'refused'; readonly status: number }
  | { readonly kind: 'unheard'; readonly why: string };

const retry = { firstMs: 50, maxMs: 5_000 };
const byeMs = 2_000;

export function makeServiceClient(options: ServiceClientOptions): ServiceClient {
  const { nonce, callMs = 60_000 } = options;
  const ask = <R extends { readonly kind: string }>(action: string, body: object, signal: AbortSignal) =>
    persist<R>(options, { action, body: { nonce, ...body }, callMs }, signal);
  return {
    hello: (signal) => ask<HelloReply>('hello', {}, signal),
    next: (signal) => ask<NextReply>('next', {}, signal),
    finish: ({ jobId, attempt }, outcome, signal, after = 'stay') =>
      ask<NextReply>('finish', { jobId, attempt, outcome, ...(after === 'leave' ? { after } : {}) }, signal),
    surelyBeat: (job, signal) => ask<BeatReply>('beat', { job }, signal),
    beat: async (job) => {
      const beatMs = Math.min(callMs, limits.beatIdleMs);
      const tried = await post(options, { action: 'beat', body: { nonce, job }, callMs: beatMs });
      switch (tried.kind) {
        case 'answered':
          return tried.reply as BeatReply;
        case 'refused':
          return refusedAs('beat', tried.status);
        case 'unheard':
          return { kind: 'unheard' };
      }
    },
    bye: async () => {
      await post(options, { action: 'bye', body: { nonce }, callMs: byeMs });
    },
  };
}

/** Repeats a call until it is answered; a fired signal, a refusal and a service that stays away read as `stop`. */
async function persist<R extends { readonly kind: string }>(
  options: ServiceClientOptions,
  call: Call,
  signal: AbortSignal,
): Promise<R | Stop> {
  const sinceMs = performance.now();
  for (let failures = 1; ; failures += 1) {
    const tried = await post(options, call, signal);
    if (tried.kind === 'answered') {
      if (failures > 1) options.log('vm.service-is-back', { call: call.action, failures: failures - 1 });
      return tried.reply as R;
    }
    if (signal.aborted) return { kind: 'stop', why: String(signal.reason) };
    if (tried.kind === 'refused') return refusedAs(call.action, tried.status);
    if (failures === 1) options.log('vm.service-does-not-answer', { call: call.action, why: tried.why });
    if (performance.now() - sinceMs > (options.giveUpMs ?? 30 * 60_000)) {
      return { kind: 'stop', why: `the service did not answer ${call.action}: ${tried.why}` };
    }
    await pause(backoffMs(retry, failures, Math.random()), signal);
  }
}

function refusedAs(action: string, status: number): Stop {
  return { kind: 'stop', why: `the service answered ${action} with ${status}` };
}

async function post(options: ServiceClientOptions, call: Call, signal?: AbortSignal): Promise<Try> {
  const deadline = AbortSignal.timeout(call.callMs);
  try {
    const response = await fetch(`${options.url}/vm/${options.vmId}/${call.action}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${options.token}`, 'content-type': 'application/json' },
      body: JSON.stringify(call.body),
      redirect: 'manual',
      signal: signal === undefined ? deadline : AbortSignal.any([deadline, signal]),
    });
    const text = await response.text();
    if (isPassing(response.status)) return { kind: 'unheard', why: `it answered ${response.status}` };
    if (!response.ok) return { kind: 'refused', status: response.status };
    return call.action === 'bye' ? { kind: 'answered', reply: {} } : parsed(text);
  } catch (error) {
    return { kind: 'unheard', why: reasonOf(error) };
  }
}

/** A proxy's page in place of a reply is a passing trouble too. */
function parsed(text: string): Try {
  try {
    const reply: unknown = JSON.parse(text);
    const isReply = typeof reply === 'object' && reply !== null && 'kind' in reply;
    return isReply ? { kind: 'answered', reply } : { kind: 'unheard', why: 'its reply has no kind' };
  } catch {
    return { kind: 'unheard', why: 'its reply is not JSON' };
  }
}

function isPassing(status: number): boolean {
  return status >= 500 || status === 408 || status === 425 || status === 429;
}

/** `fetch failed` says nothing; its cause has a code such as ECONNREFUSED. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  if (cause instanceof Error) return 'code' in cause ? String(cause.code) : cause.message;
  if ('code' in error && typeof error.code === 'string') return error.code;
  return error.name === 'TimeoutError' ? 'no answer within the deadline' : error.message;
}
