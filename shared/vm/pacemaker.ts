/** The VM's beats: every few seconds while it works, rarely while it waits, for as long as the process lives. */
import { limits } from '../core/limits.ts';
import type { Assignment, BeatCall, BeatReply, Done } from '../core/vm-protocol.ts';
import type { ServiceClient } from './service-client.ts';

/** A job whose progress the beats tell. */
export type Work = {
  readonly assignment: Pick<Assignment, 'jobId' | 'attempt' | 'beatMs'>;
  readonly done: () => Done;
  /** The service says that the job is no longer this VM's. */
  readonly drop: () => void;
};

export type Pacemaker = {
  /** Beats for this job from now on, until `rest`. */
  work(work: Work): void;
  rest(): void;
  /** Asks whether the job is still ours and waits for the answer; `drop` and `stop` act as in any other beat. */
  ask(signal: AbortSignal): Promise<void>;
  close(): void;
};

export type PacemakerOptions = {
  readonly client: Pick<ServiceClient, 'beat' | 'surelyBeat'>;
  readonly stop: (why: string) => void;
  /** Default `limits.beatIdleMs`. */
  readonly idleMs?: number;
};

export function makePacemaker(options: PacemakerOptions): Pacemaker {
  const { client, stop, idleMs = limits.beatIdleMs } = options;
  let work: Work | undefined;
  let timer: NodeJS.Timeout | undefined;

  const heed = (reply: BeatReply | { readonly kind: 'unheard' }, asked: Work | undefined) => {
    switch (reply.kind) {
      case 'stop':
        return stop(reply.why);
      case 'drop':
        // A late answer about an earlier job says nothing about the present one.
        return asked === work ? asked?.drop() : undefined;
      case 'go-on':
      case 'unheard':
        return undefined;
    }
  };
  const everyMs = () => work?.assignment.beatMs ?? idleMs;
  const beat = async () => {
    const asked = work;
    let pauseMs = everyMs();
    try {
      const reply = await client.beat(jobOf(asked));
      // The one beat in which a doubtful VM could clear itself must not be lost for a whole interval.
      if (reply.kind === 'unheard') pauseMs = Math.min(pauseMs, limits.beatAgainMs);
      heed(reply, asked);
    } finally {
      if (timer !== undefined && asked === work) schedule(pauseMs);
    }
  };
  const schedule = (ms: number) => {
    clearTimeout(timer);
    timer = setTimeout(() => void beat(), ms);
  };
  const turnTo = (to: Work | undefined) => {
    work = to;
    schedule(everyMs());
  };
  schedule(everyMs());
  return {
    work: turnTo,
    rest: () => turnTo(undefined),
    ask: async (signal) => {
      const asked = work;
      const reply = await client.surelyBeat(jobOf(asked), signal);
      // Whoever gave the asking up has already decided.
      if (!signal.aborted) heed(reply, asked);
    },
    close: () => {
      clearTimeout(timer);
      timer = undefined;
    },
  };
}

function jobOf(work: Work | undefined): BeatCall['job'] {
  if (work === undefined) return undefined;
  const { jobId, attempt } = work.assignment;
  return { jobId, attempt, ...work.done() };
}
