/** Races that the design answers, in its order (section 11), what holds in each, and the trace that shows it. */
import type { Proof } from './is-written.ts';

export type Race = { readonly race: string; readonly holds: string; readonly proof: Proof };

function race(text: string, holds: string, file: string, title: string): Race {
  return { race: text, holds, proof: { file, title } };
}

const traces = 'test/sim/scenarios/races.test.ts';
const found = 'test/sim/scenarios/found.test.ts';
const whole = 'test/sim/scenarios/whole-traces.test.ts';
const vm = 'test/core/vm.test.ts';

export const races: readonly Race[] = [
  race(
    'a pool deleted at 10:20',
    'it is billed to 10:20',
    whole,
    'that is deleted at 10:20 is billed to 10:20',
  ),
  race(
    'reconcile removes a VM that dispatch has just made busy',
    'the VM keeps its job, and drains',
    traces,
    'that dispatch has just made busy is not taken away by a reconcile that saw it idle',
  ),
  race(
    'a zombie commits its output while its successor stages',
    'one whole output, and the successor finishes with it',
    'test/vm/output.test.ts',
    'an earlier attempt commits while this one stages: it finishes with that',
  ),
  race(
    "a beat between a dispatcher's read and its commit",
    'the beat counts, and the job is given away all the same',
    traces,
    'that beats between the read and the commit of a dispatcher gets its job all the same, once',
  ),
  race(
    'an old tick wakes up with an old list',
    'it takes nothing away and adds nothing',
    found,
    'does not take the place in the queue away of a job that has been given back meanwhile',
  ),
  race(
    'the first tick after a night',
    'no VM that is heard is lost',
    'test/app/main-job.test.ts',
    'is not lost by the first tick after a night without any host',
  ),
  race(
    'the first tick after a stall of ten minutes',
    'one look is not enough',
    whole,
    'is not lost by the first tick after a stall of ten minutes, in which its beats came to nothing',
  ),
  race(
    'a VM made busy long after its last idle beat',
    'its lease runs from the assignment',
    vm,
    'runs from the assignment when the last idle beat is long ago',
  ),
  race(
    'an old resize repeated after a newer one',
    'the newer one stays',
    whole,
    'keeps the newer of two resizes when the older one meets it at its commit and looks again',
  ),
  race(
    'two stamps of one VM by two instances',
    'no instant goes back',
    vm,
    'never writes an instant that lies before one already written',
  ),
  race(
    'a host down from 18:30 to 09:00',
    'each VM is billed to its last sign of life',
    whole,
    'that was up at 18:30 when its host went is billed to 18:30, by the host that comes at 9:00',
  ),
  race(
    'VMs judged by an instance whose clock is 20 minutes ahead',
    "the storage's clock is asked",
    whole,
    'is not lost by an instance whose own clock is %i minutes off',
  ),
  race(
    "a start looks before its pool's deletion and commits after it",
    'the job is cancelled with that reason',
    traces,
    'that has looked before, and commits after the deletion of its pool ends with that reason',
  ),
  race(
    'a finish sees an empty queue while a start sees no free VM',
    'whoever commits last dispatches',
    traces,
    'that sees no free VM while a finish sees an empty queue: who commits last dispatches',
  ),
  race(
    'fifty starts at once pick the same VM',
    'one dispatch runs and one waits',
    traces,
    'of fifty at once for one VM is one of two dispatches, not of fifty',
  ),
  race(
    'a start comes while a dispatch runs',
    'one more run follows it',
    whole,
    'is followed by one more for whoever came while it ran',
  ),
];
