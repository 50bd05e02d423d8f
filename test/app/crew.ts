/** Machines with processes on them, on the virtual clock: they boot, ask, beat, work, write results, and keep their own time. */
import { finishJob } from '../../shared/app/finish.ts';
import { StoreFault } from '../../shared/app/ports.ts';
import { bye, hello, next, takeBeat } from '../../shared/app/vm-calls.ts';
import { limits } from '../../shared/core/limits.ts';
import type { Assignment, NextReply } from '../../shared/core/vm-protocol.ts';
import { nonceOf, type World } from './world.ts';

/** What a process knows of its own life, by the clock, whatever the service has stamped. */
export type OwnLife = {
  /** It sent its hello. */
  readonly helloMs: number;
  /** It sent its last sign of life: a beat, or the end of a job. */
  lastMs: number;
  /** It sent its goodbye; absent: killed, or silent. */
  byeMs?: number;
  state: 'alive' | 'dead';
  job?: { readonly jobId: string; readonly attempt: number };
  drop: 'no' | 'asked';
};

export type Crew = {
  readonly lives: ReadonlyMap<string, OwnLife>;
  /** Processes that run now. */
  alive(): string[];
  /** SIGKILL: the service learns of it from the machines. */
  kill(vmId: string): void;
  /** The process hangs: nobody learns of it but by its silence. */
  hang(vmId: string): void;
  /** No machine that starts from now on comes up. */
  stop(): void;
};

export type CrewOptions = {
  /** 0 <= x < 1. */
  readonly chance: () => number;
  /** How long a job takes. */
  readonly workMs: () => number;
};

/** Boots every machine that the service starts, until it is stopped; looks for new ones every half second. */
export function makeCrew(world: World, { chance, workMs }: CrewOptions): Crew {
  const { app, clock, machines } = world;
  const lives = new Map<string, OwnLife>();
  const end = new AbortController();

  /** A process repeats what the storage was too busy for. */
  async function told<T>(call: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await call();
      } catch (error) {
        if (!(error instanceof StoreFault)) throw error;
        await clock.sleep(500);
      }
    }
  }

  async function boot(vmId: string): Promise<void> {
    await clock.sleep(500 + Math.floor(2_500 * chance()));
    if (!machines.running.has(vmId)) return;
    const nonce = nonceOf(vmId);
    const nowMs = clock.now();
    const life: OwnLife = { helloMs: nowMs, lastMs: nowMs, state: 'alive', drop: 'no' };
    lives.set(vmId, life);
    const welcome = await told(() => hello(app, vmId, nonce));
    if (welcome.kind === 'stop') {
      life.state = 'dead';
      lives.delete(vmId);
      return;
    }
    void pace(vmId, life);
    await work(vmId, life);
  }

  async function pace(vmId: string, life: OwnLife): Promise<void> {
    for (;;) {
      await clock.sleep(life.job === undefined ? limits.beatIdleMs : limits.beatBusyMs);
      if (life.state === 'dead') return;
      life.lastMs = clock.now();
      const job = life.job && { ...life.job, rowsDone: 0 };
      const reply = await told(() =>
        takeBeat(app, vmId, { nonce: nonceOf(vmId), ...(job === undefined ? {} : { job }) }),
      );
      if (reply.kind === 'drop' && life.job?.jobId === job?.jobId) life.drop = 'asked';
    }
  }

  async function work(vmId: string, life: OwnLife): Promise<void> {
    const nonce = nonceOf(vmId);
    const ask = () => told(() => next(app, vmId, nonce));
    let reply: NextReply = await ask();
    while (isAlive(life)) {
      switch (reply.kind) {
        case 'wait':
          await clock.sleep(Math.max(1, reply.pauseMs));
          if (isAlive(life)) reply = await ask();
          break;
        case 'work':
          reply = await run(vmId, life, reply.assignment, ask);
          break;
        case 'stop':
          life.byeMs = clock.now();
          life.state = 'dead';
          await told(() => bye(app, vmId, nonce));
          machines.running.delete(vmId);
          return;
      }
    }
  }

  async function run(
    vmId: string,
    life: OwnLife,
    assignment: Assignment,
    ask: () => Promise<NextReply>,
  ): Promise<NextReply> {
    const { jobId, attempt } = assignment;
    life.job = { jobId, attempt };
    life.drop = 'no';
    const endMs = clock.now() + workMs();
    while (clock.now() < endMs && isAlive(life) && life.drop === 'no') {
      await clock.sleep(Math.min(1_000, endMs - clock.now()));
    }
    if (!isAlive(life)) return { kind: 'wait', pauseMs: 0 };
    life.lastMs = clock.now();
    if (isAsked(life)) {
      delete life.job;
      return ask();
    }
    score(world, assignment);
    const call = { nonce: nonceOf(vmId), jobId, attempt, outcome: { kind: 'finished', rows: 1 } } as const;
    const reply = await told(() => finishJob(app, vmId, call));
    delete life.job;
    return reply;
  }

  async function lookForMachines(): Promise<void> {
    const known = new Set<string>();
    while (!end.signal.aborted) {
      for (const vmId of machines.started.filter((one) => !known.has(one))) {
        known.add(vmId);
        void boot(vmId);
      }
      await clock.sleep(500, end.signal);
    }
  }
  void lookForMachines();

  return {
    lives,
    alive: () => [...lives].filter(([, life]) => life.state === 'alive').map(([vmId]) => vmId),
    kill: (vmId) => {
      die(lives, vmId);
      machines.kill(vmId);
    },
    hang: (vmId) => die(lives, vmId),
    stop: () => end.abort(),
  };
}

/** The result is made of the input, so that a wrong one would be seen. */
function score({ blobs }: World, { inputs, outputs }: Assignment): void {
  for (const [name, output] of Object.entries(outputs)) {
    const input = blobs.readUrl(Object.values(inputs)[0]?.url ?? '');
    if (input.kind !== 'ok') throw new Error(`an input cannot be read: ${input.code}`);
    const written = blobs.writeUrl(output.url, `scored ${Buffer.from(input.bytes).toString()}`);
    if (written.kind !== 'ok') throw new Error(`the output ${name} cannot be written: ${written.code}`);
  }
}

function die(lives: ReadonlyMap<string, OwnLife>, vmId: string): void {
  const life = lives.get(vmId);
  if (life !== undefined) life.state = 'dead';
}

/** Functions, so that the compiler knows that time passes between two looks. */
function isAlive(life: OwnLife): boolean {
  return life.state === 'alive';
}
function isAsked(life: OwnLife): boolean {
  return life.drop === 'asked';
}
