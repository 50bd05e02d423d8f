/** The service's side of the VM protocol for one test: holds jobs, remembers calls, can refuse, stay away and come back. */
import { EventEmitter, once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Assignment, NextReply, Outcome } from '../../shared/core/vm-protocol.ts';

export type SeenCall = {
  readonly action: string;
  readonly vmId: string;
  readonly token: string;
  readonly atMs: number;
  readonly body: {
    readonly nonce: string;
    readonly jobId?: string;
    readonly attempt?: number;
    readonly job?: { readonly jobId: string; readonly attempt: number; readonly rowsDone: number };
    readonly outcome?: Outcome;
  };
};

export type FakeService = {
  readonly url: string;
  readonly calls: readonly SeenCall[];
  /** Outcomes by job id. */
  readonly outcomes: ReadonlyMap<string, Outcome>;
  /** When work had been answered, by job id. */
  readonly givenMs: ReadonlyMap<string, number>;
  give(assignment: Assignment): void;
  /** The next beat of this job is answered with `drop`, its finish like a `next`. */
  drop(jobId: string): void;
  stopVm(why: string): void;
  /** Answers every call with this status until it is called with 200. */
  answer(status: number): void;
  /** Nobody listens any more, until `comeBack`. */
  goAway(): Promise<void>;
  comeBack(): Promise<void>;
  /** Resolves once `check` holds; looked at after each call. */
  until(check: () => boolean): Promise<void>;
  close(): Promise<void>;
};

export const token = 'a-token-that-must-not-be-seen';

export async function startFakeService(options: { holdMs?: number } = {}): Promise<FakeService> {
  const { holdMs = 2_000 } = options;
  const changes = new EventEmitter().setMaxListeners(0);
  const calls: SeenCall[] = [];
  const queue: Assignment[] = [];
  const outcomes = new Map<string, Outcome>();
  const givenMs = new Map<string, number>();
  const dropped = new Set<string>();
  const nonces = new Map<string, string>();
  let current: Assignment | undefined;
  let stopWhy: string | undefined;
  let status = 200;

  const next = async (): Promise<NextReply> => {
    const untilMs = performance.now() + holdMs;
    for (;;) {
      if (stopWhy !== undefined) return { kind: 'stop', why: stopWhy };
      current ??= queue.shift();
      if (current !== undefined) {
        return { kind: 'work', assignment: current };
      }
      const leftMs = untilMs - performance.now();
      if (leftMs <= 0) return { kind: 'wait', pauseMs: 0 };
      await Promise.race([once(changes, 'change'), new Promise((resolve) => setTimeout(resolve, leftMs))]);
    }
  };
  const reply = async (call: SeenCall): Promise<object> => {
    const { body } = call;
    if (call.action === 'hello') {
      const known = nonces.get(call.vmId) ?? body.nonce;
      nonces.set(call.vmId, known);
      return known === body.nonce
        ? { kind: 'welcome' }
        : { kind: 'stop', why: 'another process has this id' };
    }
    switch (call.action) {
      case 'next':
        return next();
      case 'beat':
        if (stopWhy !== undefined) return { kind: 'stop', why: stopWhy };
        if (body.job !== undefined && dropped.has(body.job.jobId)) {
          current = undefined;
          return { kind: 'drop' };
        }
        return { kind: 'go-on' };
      case 'finish':
        if (
          current?.jobId === body.jobId &&
          current?.attempt === body.attempt &&
          body.outcome !== undefined
        ) {
          outcomes.set(body.jobId ?? '', body.outcome);
          current = undefined;
        }
        changes.emit('change');
        return queue.length > 0 ? next() : { kind: 'wait', pauseMs: 0 };
      default:
        return {};
    }
  };
  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const [, , vmId = '', action = ''] = (request.url ?? '').split('/');
    const call: SeenCall = {
      action,
      vmId,
      token: (request.headers.authorization ?? '').replace('Bearer ', ''),
      atMs: performance.now(),
      body: JSON.parse(Buffer.concat(chunks).toString()) as SeenCall['body'],
    };
    calls.push(call);
    changes.emit('change');
    const answered = status === 200 ? await reply(call) : { error: { code: 'Test' } };
    const text = JSON.stringify(answered);
    response.writeHead(status, { 'content-type': 'application/json' }).end(text, () => {
      if (!('assignment' in answered)) return;
      givenMs.set((answered.assignment as Assignment).jobId, performance.now());
      changes.emit('change');
    });
  };
  let server: Server | undefined;
  let port = 0;
  const comeBack = async () => {
    server = createServer((request, response) => void handle(request, response));
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('a server without a port');
    ({ port } = address);
  };
  const goAway = async () => {
    const going = server;
    server = undefined;
    going?.closeAllConnections();
    if (going !== undefined) await new Promise((resolve) => going.close(resolve));
  };
  await comeBack();
  const change = () => changes.emit('change');
  return {
    url: `http://127.0.0.1:${port}`,
    calls,
    outcomes,
    givenMs,
    give: (assignment) => {
      queue.push(assignment);
      change();
    },
    drop: (jobId) => void dropped.add(jobId),
    stopVm: (why) => {
      stopWhy = why;
      change();
    },
    answer: (to) => {
      status = to;
    },
    goAway,
    comeBack,
    until: async (check) => {
      while (!check()) await once(changes, 'change');
    },
    close: async () => {
      stopWhy ??= 'the test is over';
      change();
      await goAway();
    },
  };
}
