/** The 26 statements of the service's article, in few words, each with the tests that go red without it. */

import type { Proof } from './is-written.ts';

export type Statement = { readonly number: number; readonly says: string; readonly proofs: readonly Proof[] };

function statement(
  number: number,
  says: string,
  ...proofs: readonly (readonly [string, string])[]
): Statement {
  return { number, says, proofs: proofs.map(([file, title]) => ({ file, title })) };
}

const mainJob = 'test/app/main-job.test.ts';
const own = 'test/app/article.test.ts';
const classic = 'test/app/classic.test.ts';
const billing = 'test/app/billing.test.ts';
const pools = 'test/http/pools.test.ts';
const operator = 'test/http/operator.test.ts';
const jobs = 'test/http/jobs.test.ts';
const json = 'test/http/lenient-json.test.ts';
const blackbox = 'test/blackbox/main-job.test.ts';
const hours = '%i VMs, deleted after %i hours, with %i jobs: 48 compute hours, to the millisecond';
const poolsRead = 'a pool is made, read, listed, resized and deleted';
const refusals = 'refuses more VMs than the quota and a service that cannot pay, each with its own sentence';
const jobOverHttp = 'a job from registration to its result, with a VM in between';

export const statements: readonly Statement[] = [
  statement(
    1,
    'The customer makes pools, sets their size, and says which one a job goes to.',
    [pools, poolsRead],
    [own, 'get a job by one parameter of its submission; without it the job is classic'],
  ),
  statement(
    2,
    'Classic processing is shared, limits what runs at once, and queues the rest first in, first out.',
    [classic, 'are served in one order over all endpoints'],
    [classic, 'run at most so many jobs of one endpoint, and one at its limit holds up nobody'],
    [mainJob, 'never has more VMs than the setting'],
  ),
  statement(3, "A pool is a processing space of the customer's own.", [
    own,
    'take no job of another pool or of classic processing, and lend nobody a VM',
  ]),
  statement(4, 'A pool needs a new web service to be made; then new and classic services run on it.', [
    own,
    'run jobs of new and of classic web services, and need a new one to be made',
  ]),
  statement(
    5,
    'An operator makes the account and sets the most pools and the most VMs in each.',
    [operator, 'the operator makes, reads, changes, lists and deletes accounts, and rotates their keys'],
    [mainJob, 'counts against the quota exactly, under fifty creations at once'],
    [mainJob, refusals],
  ),
  statement(
    6,
    'The customer gets the Pool Service URL and a key; both are needed for managing pools.',
    [operator, 'the operator makes, reads, changes, lists and deletes accounts, and rotates their keys'],
    [operator, 'every key opens only what is its own'],
  ),
  statement(
    7,
    'Create Pool takes the number of VMs and the URL of a new web service’s swagger.json.',
    [pools, poolsRead],
    [pools, 'the location of a new pool is where it can be read'],
  ),
  statement(
    8,
    "That service's plan becomes the pool's.",
    [pools, poolsRead],
    [own, 'is that of the web service that it was made with, whichever service its jobs are of'],
  ),
  statement(9, 'Any new web service may be named; the charges go to its plan.', [
    own,
    'is that of the web service that it was made with, whichever service its jobs are of',
  ]),
  statement(
    10,
    "Jobs are submitted at the web service's batch URL, to a pool or to classic processing.",
    [jobs, jobOverHttp],
    [blackbox, 'a job on a pool with a free VM is Running at once and, of 10 rows, Finished within a second'],
    [blackbox, 'classic processing makes its VMs on demand'],
  ),
  statement(
    11,
    'One parameter in the body, AzureBatchPoolId, sends a job to a pool; without it the job is classic.',
    [own, 'get a job by one parameter of its submission; without it the job is classic'],
    [jobs, jobOverHttp],
  ),
  statement(
    12,
    'With free resources in the pool a job runs at once.',
    [mainJob, 'runs at once when a VM is free, without a tick, and finishes with its result in three parts'],
    [blackbox, 'a job on a pool with a free VM is Running at once and, of 10 rows, Finished within a second'],
  ),
  statement(
    13,
    'Without, it waits until there are some.',
    [
      mainJob,
      'waits for a VM otherwise, first in first out, and the next one comes with the end of the one before',
    ],
    [
      'test/app/crowd.test.ts',
      'of 500 jobs over 20 VMs, through 5 kills and 3 resizes: all finished, in order, the ledger exact',
    ],
  ),
  statement(14, 'The operator can raise a quota.', [
    own,
    'of pools and of VMs is raised by the operator, and the next call may use it',
  ]),
  statement(
    15,
    'The request: POST .../jobs?api-version=2.0 with Input, GlobalParameters, Outputs and the pool id.',
    [json, 'the request of the article, as printed (data beside the checkout)'],
    [
      jobs,
      "the article's way of writing: line breaks in the connection string, comments, Markdown's backslash",
    ],
    [jobs, jobOverHttp],
  ),
  statement(
    16,
    'A pool is always billable and tied to a Resource Manager based plan.',
    [mainJob, refusals],
    [own, 'run jobs of new and of classic web services, and need a new one to be made'],
    [pools, poolsRead],
  ),
  statement(17, "A pool's compute hours are all that is charged, whatever number of jobs runs in it.", [
    billing,
    hours,
  ]),
  statement(18, 'VMs are charged until the pool is deleted, even if no job runs.', [
    own,
    'are charged while nothing runs, and end with its deletion',
  ]),
  statement(
    19,
    'Billing of a VM starts when its provisioning has finished and stops when it is deleted.',
    [billing, 'begins when a VM is ready, not when it was asked for'],
    [own, 'are charged while nothing runs, and end with its deletion'],
    [
      'test/app/crowd.test.ts',
      'of VMs that come, go, die, hang and are resized at random through a day is billed as it lived',
    ],
  ),
  statement(20, 'Any plan of the price page can be used.', [own, 'may be of tier %s']),
  statement(21, '2 VMs, deleted after 24 hours: 48 compute hours.', [billing, hours]),
  statement(22, '4 VMs, deleted after 12 hours: 48 compute hours too.', [billing, hours]),
  statement(
    23,
    "One polls the jobs' status to learn when they are done.",
    [jobs, jobOverHttp],
    [blackbox, 'a job on a pool with a free VM is Running at once and, of 10 rows, Finished within a second'],
  ),
  statement(
    24,
    'When all are done, one resizes the pool to 0 VMs.',
    [own, 'end with a resize to 0 when all jobs are done; the pool stays and can grow again'],
    [pools, poolsRead],
  ),
  statement(25, 'Short of pools, or for another plan, one deletes the pool instead.', [
    own,
    'is another one after the pool was deleted and made anew for another service',
  ]),
  statement(
    26,
    'Pools are for many jobs, for a start at once, for a sure throughput; classic processing for a few jobs. The README says so.',
    [own, 'is a matter of size: four times the VMs end the same jobs in a quarter of the time'],
    [mainJob, 'runs at once when a VM is free, without a tick, and finishes with its result in three parts'],
    ['test/article.test.ts', 'the README says when to use a pool and when classic processing'],
  ),
];
