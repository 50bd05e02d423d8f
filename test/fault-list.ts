/** The faults that Millpond survives: what holds all the same, the simulation's checks that see to it, and tests by name. */
import type { Proof } from './is-written.ts';

export type Fault = {
  readonly numbers: string;
  readonly fault: string;
  readonly holds: string;
  /** Of test/sim/checks: at every seed. */
  readonly checks: readonly string[];
  readonly proofs: readonly Proof[];
};

function fault(
  numbers: string,
  text: string,
  holds: string,
  checks: readonly string[],
  ...proofs: readonly (readonly [file: string, title: string])[]
): Fault {
  return { numbers, fault: text, holds, checks, proofs: proofs.map(([file, title]) => ({ file, title })) };
}

const crashes = 'test/app/crashes.test.ts';
const idempotency = 'test/app/idempotency.test.ts';
const mainJob = 'test/app/main-job.test.ts';
const billing = 'test/app/billing.test.ts';
const stores = 'test/storage/store-faults.test.ts';
const clocks = 'test/storage/clocks.test.ts';
const output = 'test/vm/output.test.ts';
const input = 'test/vm/input.test.ts';
const zombie = 'test/blackbox/zombie.test.ts';
const scale = 'test/app/scale.test.ts';
const found = 'test/sim/scenarios/found.test.ts';
const frozen = 'a VM that freezes around its commit: one whole output, one end, billed to its last beat';

export const faults: readonly Fault[] = [
  fault(
    '1',
    'crash between two writes of one operation',
    'rows that belong together change in one transaction, or a sweep finds the rest',
    ['pairs', 'quotas', 'at-rest'],
    [crashes, 'at write %i (%s it) of a creation leaves a whole pool or none'],
    [crashes, 'at write %i (%s it) of a deletion leaves nothing behind'],
  ),
  fault(
    '2',
    'crash between output written and job finished',
    'the job ends once, with one output, billed once',
    ['jobs-end-once', 'outputs', 'lifetimes'],
    [
      output,
      'an earlier attempt has committed before this one begins: it finishes with that and reads nothing',
    ],
    [zombie, frozen],
  ),
  fault(
    '3',
    'crash between finished and ledger entry',
    'the ledger is a function of the lifetimes; a replay changes nothing',
    ['ledger', 'classic-bill'],
    [billing, 'is the same when posting dies between its writes, at every one of them'],
    [crashes, 'at write %i (%s it) of a tick that ends a pool loses no second and no quota'],
  ),
  fault(
    '4',
    'reply of register lost, repeated with its key',
    'one job, the same id',
    ['idempotency', 'one-each'],
    [idempotency, 'is the same one for the same key and body, also when its pool has gone'],
    [idempotency, 'is made once by twenty callers at once, over two instances'],
  ),
  fault(
    '5',
    'reply of start lost',
    'the second start gets the same answer; the job runs once',
    ['jobs-end-once', 'pairs'],
    [mainJob, 'is started once, however often that is asked'],
  ),
  fault(
    '6-7',
    'false 412 and 409 after a lost reply, 503 after a commit',
    'who wrote recognises its own write',
    ['one-each', 'pairs'],
    [stores, 'every reply of every try is lost: the last look finds the write'],
    [stores, 'of 20 writers, each with its first reply lost, exactly one believes to have won'],
  ),
  fault(
    '8',
    'stale version of a slow reader',
    'no update is lost; nobody who is late takes anything away',
    ['pairs', 'quotas', 'wishes'],
    [found, 'does not take the place in the queue away of a job that has been given back meanwhile'],
    [stores, 'a request that arrives late does not overwrite what its successor wrote'],
  ),
  fault(
    '9-11',
    'a tick twice, on two instances, longer than its interval',
    'the second changes nothing; no VM and no place is given twice',
    ['assignments', 'quotas', 'running-cap', 'ledger'],
    [found, 'does not add the VMs that another instance has added between its two reads'],
    ['test/app/sweeps.test.ts', 'two ticks at once remove what one does'],
  ),
  fault(
    '12',
    'no timer, or no host, for an hour or a night',
    'one pass catches up; each VM is billed to its stop or its last sign of life',
    ['lifetimes', 'ledger', 'at-rest'],
    [billing, 'of a VM that dies ends at its last sign of life, however late that is found'],
    [mainJob, 'is not lost by the first tick after a night without any host'],
  ),
  fault(
    '13',
    'several hosts start at once',
    'as two ticks at once; the machines belong to one host',
    ['quotas', 'assignments'],
    [
      'test/app/look-after-machines.test.ts',
      'starts what was asked for at another host, once, and then only reads',
    ],
  ),
  fault(
    '14-15',
    'clocks 20 minutes apart; a clock steps back',
    'one clock, that of the storage; stamps never go back, no length is negative',
    ['clocks', 'lifetimes', 'healthy-vms'],
    [clocks, 'a machine that is %d ms off is right after one reply, to a second'],
    ['test/core/vm.test.ts', 'never writes an instant that lies before one already written'],
  ),
  fault(
    '16',
    'a storage call hangs',
    'calls, requests and passes have an end; no healthy VM pays for it',
    ['bounds', 'healthy-vms'],
    ['test/http/answer.test.ts', 'a request that takes too long is a 503, and begins no write afterwards'],
    [
      'test/core/reconcile.test.ts',
      'ends one that was told to drop its job when its own beats say that it is still at it, not for a stall',
    ],
  ),
  fault(
    '17',
    'a burst of 503',
    'pauses with jitter; nothing is lost; callers get 503 with Retry-After',
    ['no-exception', 'at-rest'],
    [stores, 'pauses double, with jitter, and end'],
    ['test/http/answer.test.ts', 'storage that cannot be had is a 503 with Retry-After'],
  ),
  fault(
    '18',
    'short and empty pages, a page lost',
    'the whole queue is seen, nothing twice',
    ['fifo', 'jobs-end-once'],
    [
      scale,
      'gets its job with as many rows touched at 100,000 waiting and 200,000 finished as at 100 and none',
    ],
  ),
  fault(
    '19',
    'a VM dies in the middle of a job',
    'its lease runs out, the next attempt runs, within the limit',
    ['pairs', 'jobs-end-once', 'lifetimes'],
    [mainJob, 'is lost only after two looks, and its job goes on elsewhere'],
  ),
  fault(
    '20',
    'a VM that is cut off goes on writing',
    'one whole output; its finish is refused; nothing newer is overwritten',
    ['outputs', 'assignments'],
    [mainJob, 'is fenced by its attempt: the finish of a lost VM changes nothing'],
    [zombie, frozen],
  ),
  fault(
    '21',
    'an output half written',
    'readers see nothing or the whole',
    ['outputs'],
    [output, 'what stood there before is replaced whole'],
  ),
  fault(
    '22',
    'a zombie commits while its successor stages',
    "the successor recognises its own job's mark and finishes with it",
    ['outputs', 'jobs-end-once'],
    [output, 'an earlier attempt commits while this one stages: it finishes with that'],
    [output, 'blocks that the commit of another discarded are staged again'],
  ),
  fault(
    '23',
    'a pool is deleted while dispatching, or within a start',
    'no job is bound to it; a final state with the reason; billed to the last stop',
    ['at-rest', 'ledger', 'pairs'],
    [found, 'is cancelled also when the pool was on hold'],
    [crashes, 'at write %i (%s it) of a deletion leaves nothing behind'],
  ),
  fault(
    '24-25',
    'resize below what runs; resize while resizing',
    'running jobs finish or are given back; the last wish wins',
    ['wishes', 'pairs', 'at-rest'],
    [mainJob, 'gives jobs back to the queue on request, without counting a loss'],
    [crashes, 'the last wish wins: an older one that is repeated changes nothing'],
  ),
  fault(
    '26',
    'plan used up or deleted while jobs wait',
    'they wait with the reason, and run with the next period',
    ['at-rest', 'jobs-end-once', 'ledger'],
    [
      'test/app/plan-hold.test.ts',
      'drains its pools when it is used up, keeps the wish, and gives the VMs back with the next period',
    ],
  ),
  fault(
    '27',
    'input missing, or replaced while being read',
    'a clear end, no storm of tries, no mix of two versions',
    ['outputs', 'jobs-end-once'],
    [mainJob, 'fails with the reason when its input is missing at the start'],
    [input, 'a blob that is replaced while it is read is not mixed with its successor'],
  ),
  fault(
    '28',
    'a SAS expires before the commit',
    'the final error names the SAS',
    [],
    [output, 'a SAS that expires between the last block and the commit is named'],
  ),
  fault(
    '29',
    'a job that kills its VM',
    'it fails after three, with the cause; others are not starved',
    ['jobs-end-once'],
    [mainJob, 'that ends every VM fails after three of them, with the cause, and others are not starved'],
  ),
  fault(
    '30',
    '100,000 waiting jobs; a host recycled in a pass',
    'rows and time bounded, first in first out, the next pass goes on',
    ['bounds', 'fifo'],
    [scale, 'gets it from a tick that touches no more rows for a long queue and a long history'],
    [
      'test/app/sweep-bounds.test.ts',
      'goes on where the last one ended, until nothing is left that is over and all that is not',
    ],
  ),
];
