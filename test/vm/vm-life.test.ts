/** The order of a VM's life, with a service that answers as the test says. */
import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { Assignment, NextReply, Outcome } from '../../shared/core/vm-protocol.ts';
import type { RunOptions } from '../../shared/vm/run-assignment.ts';
import type { ServiceClient } from '../../shared/vm/service-client.ts';
import { liveVm, type Graces } from '../../shared/vm/vm-life.ts';

const limits = { runMs: 600_000, memoryMb: 1_000_000 };
const assignment = { jobId: 'j', attempt: 1, beatMs: 60_000, limits } as Assignment;
const finished: Outcome = { kind: 'finished', rows: 1 };
const work: NextReply = { kind: 'work', assignment };
const stop: NextReply = { kind: 'stop', why: 'enough' };

/** Gives one answer after the other to `next` and `finish`. */
function life(
  answers: NextReply[],
  run: (options: RunOptions) => Promise<Outcome>,
  beat = 'go-on',
  graces?: Graces,
) {
  const calls: string[] = [];
  const leaving = new AbortController();
  const answer = async (call: string) => {
    calls.push(call);
    return leaving.signal.aborted ? stop : (answers.shift() ?? stop);
  };
  const said = async () => ({ kind: beat, why: 'told by a beat' }) as { kind: 'go-on' };
  const client: ServiceClient = {
    hello: async () => ({ kind: 'welcome' }),
    next: () => answer('next'),
    finish: (job, outcome, _signal, after = 'stay') =>
      answer(`finish ${job.jobId}/${job.attempt} ${outcome.kind}${after === 'leave' ? ' and leave' : ''}`),
    beat: said,
    surelyBeat: said,
    bye: async () => void calls.push('bye'),
  };
  const ended = liveVm({ client, run: (_, options) => run(options), leaving, ...(graces && { graces }) });
  return { calls, ended, leaving };
}

test('work, finish with the next assignment, a wait, the end', async () => {
  const { calls, ended } = life([work, work, { kind: 'wait', pauseMs: 0 }], async () => finished);
  expect(await ended).toBe('enough');
  expect(calls).toEqual(['next', 'finish j/1 finished', 'finish j/1 finished', 'next', 'bye']);
});

test('a job that was dropped is not finished, even when its result is there', async () => {
  const drop = async (options: RunOptions) => {
    await options.stillOurs();
    expect(options.signal.aborted).toBe(true);
    return finished;
  };
  const { calls, ended } = life([work], drop, 'drop');
  expect(await ended).toBe('enough');
  expect(calls).toEqual(['next', 'next', 'bye']);
});

test('a stop in the middle of a job ends it and the VM', async () => {
  const obey = async (options: RunOptions) => {
    await options.stillOurs();
    return Promise.reject(options.signal.reason as Error);
  };
  const { calls, ended } = life([work], obey, 'stop');
  expect(await ended).toBe('enough');
  expect(calls).toEqual(['next', 'next', 'bye']);
});

test('a fault of the program itself is not hidden', async () => {
  const { ended } = life([work], () => Promise.reject(new TypeError('a bug')));
  await expect(ended).rejects.toThrow('a bug');
});

test.each([
  ['time', { runMs: 1, memoryMb: 1_000_000 }],
  ['memory', { runMs: 600_000, memoryMb: 1 }],
])('a job beyond its limit of %s fails, and its VM takes no other', async (_, limit) => {
  const forever = (options: RunOptions) =>
    new Promise<Outcome>((_resolve, reject) => {
      options.signal.addEventListener('abort', () => reject(options.signal.reason as Error));
    });
  const { calls, ended } = life([{ kind: 'work', assignment: { ...assignment, limits: limit } }], forever);
  expect(await ended).toBe('enough');
  expect(calls).toEqual(['next', 'finish j/1 failed and leave', 'bye']);
});

describe('a run that does not come back', () => {
  const never = new Promise<Outcome>(() => undefined);
  const short = { leaveMs: 1, dropMs: 1 };
  const long = 600_000;

  test('beyond its limit: the job fails, and the VM leaves, whatever it is answered', async () => {
    const limited = { ...assignment, limits: { runMs: 1, memoryMb: 1_000_000 } };
    const answers: NextReply[] = [{ kind: 'work', assignment: limited }, work];
    const { calls, ended } = life(answers, () => never, 'go-on', { ...short, dropMs: long });
    expect(await ended).toBe('a model did not come back from a job that was to end');
    expect(calls).toEqual(['next', 'finish j/1 failed and leave', 'bye']);
  });

  test('dropped: the VM leaves without asking for another job', async () => {
    const deaf = async (options: RunOptions) => {
      await options.stillOurs();
      return never;
    };
    const { calls, ended } = life([work, work], deaf, 'drop', { ...short, leaveMs: long });
    expect(await ended).toBe('a model did not come back from a job that was to end');
    expect(calls).toEqual(['next', 'bye']);
  });

  test('told to leave, before or after a drop: the VM leaves for that reason', async () => {
    for (const beat of ['go-on', 'drop']) {
      const deaf = async (options: RunOptions) => {
        await options.stillOurs();
        lived.leaving.abort('it got SIGTERM');
        return never;
      };
      const lived = life([work, work], deaf, beat, { ...short, dropMs: long });
      await lived.ended;
      expect(lived.calls).toEqual(['next', 'next', 'bye']);
    }
  });

  test('one that comes back in time is no reason to leave', async () => {
    const slow = async (options: RunOptions) => {
      await options.stillOurs();
      await setImmediate();
      return finished;
    };
    const { calls, ended } = life([work, work], slow, 'drop', { leaveMs: long, dropMs: long });
    expect(await ended).toBe('enough');
    expect(calls).toEqual(['next', 'next', 'next', 'bye']);
  });
});
