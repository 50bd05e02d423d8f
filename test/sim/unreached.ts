/** Why a part of the domain or of the use cases is not reached by any simulation, and what reaches it instead. */
import type { Unreached } from './coverage.ts';

export type Reason = {
  readonly why: string;
  /** Files below `shared/`, without `.ts`. */
  readonly files?: RegExp;
  /** The function, or the text from where the part begins. */
  readonly part?: RegExp;
};

/** The first that fits counts. */
const reasons: readonly Reason[] = [
  {
    why: 'A sentence for what would be a bug: nothing may reach it.',
    part: /throw new Error|throw errors\[/,
  },
  {
    why: 'How requests, references and names are read: those of the simulation are well formed. Tables and properties of test/core.',
    files:
      /^core\/(connection-string|job-request|blob-endpoint|blob-name|blob-ref|sas-time|row-errors|check-outputs|data-format|errors-place|suggest|refusal|storage-account|ids|page|idempotency|job-secrets|limits|account|progress)$/,
  },
  {
    why: 'Calls that the users of the simulation do not make: keys, lists, most changes of services and workspaces. test/app and test/http.',
    files:
      /^app\/(authorize|caller-keys|accounts|services|service-definition|put-service|classic-services|patch-service|workspaces|find-workspace|take-model|turns)$/,
  },
  {
    why: 'The same, in files of which other parts are reached.',
    part: /^(list\w+|getAssociation|findPlan|planByArmId|sameName|peek|overageOf|amountMicros|timesOver|failJob|registeredMsOf)\b|async peek/,
  },
  {
    why: 'Results in a container of our own, of jobs that name no output: all name one here. test/app/own-blobs.test.ts, own-storage.test.ts.',
    files: /^(app\/(sweep-own-blobs|default-outputs)|core\/own-blob-name)$/,
  },
  {
    why: 'Rows at fault, and SAS tokens that expire or were sealed with another secret: engines and callers here have none. test/app/row-errors.test.ts, sas-time.test.ts, test/http/rotation.test.ts.',
    files:
      /^(app\/(status|open-token|untimely-sas|errors-place|seal-fault|job-spec|row-too-large)|core\/job)$/,
  },
  {
    why: 'The same, at the end of a job and in its assignment.',
    part: /^(errorsAt|end|mayRead|withoutTokens|forget|further)\b|resultAt|unseen/,
  },
  {
    why: 'A refusal, which tests of test/app provoke one by one.',
    part: /refused?\b|refuse\w*\(|badArgument|notFound|conflict\(|unavailable|noPool|noPlan|noAssociation|noAccount|classicNotAllowed|tooMany\w+|return (found|known|own|errors|excess|request|refusal|payer|late)\b|tierFor|sealedElsewhere|secretsLost|: badArgument|case '(forbidden|unreachable)'/,
  },
  {
    why: 'What the types allow and the rows do not hold: a service without a plan, a job without an input, a VM without a pool.',
    part: /\?\? |\?\.|: undefined;|return undefined;|: \{\}/,
  },
  {
    why: 'A closure or a block of a refusal, in use cases whose other parts are reached.',
    files: /^app\/(create-pool|move-plan|plans|plan-use|pools|register|start|cancel|pool-of-key|payer)$/,
  },
  {
    why: 'A process that remembers too much, or that is about to end. test/app/next.test.ts.',
    part: /entries\.clear|pauseMs|5_000/,
  },
  {
    why: 'Ranges of more than a page of 200 or 64: test/app/sweep-bounds.test.ts, scale.test.ts.',
    files: /^app\/(sweep-\w+|queue-head)$/,
  },
  {
    why: 'What somebody else has done between two calls of this one: a seed meets it or not. test/app/crashes.test.ts goes through every write.',
    part: /'conflict'|return;|return taken;|continue;|return forgetPool|ensureClassicPool|endWrites\(|lookForWork|unknown|stop\('this VM|: 'more'/,
  },
  {
    why: 'A tier that is configured no longer, a plan that is not found: here all stay. test/app/plan-tiers.test.ts.',
    files: /^app\/(periods|post-uses)$/,
  },
  {
    why: 'The way on after a step that failed. test/app/crashes.test.ts.',
    files: /^app\/(each-step|look-again|lose-vm|assignment|retire-host|reconcile|finish)$/,
  },
  {
    why: 'Where a lane has no room, or a plan no overage. test/core/dispatch.test.ts, billing.test.ts.',
    files: /^core\/(dispatch|plan|service)$/,
  },
];

/** The parts by their reasons; those under `undefined` have none. */
export function explained(parts: readonly Unreached[]): Map<string | undefined, Unreached[]> {
  const byReason = new Map<string | undefined, Unreached[]>();
  for (const part of parts) {
    const why = reasons.find((reason) => fits(reason, part))?.why;
    byReason.set(why, [...(byReason.get(why) ?? []), part]);
  }
  return byReason;
}

function fits({ files, part }: Reason, { file, what, text }: Unreached): boolean {
  const name = file.replace(/^shared\//, '').replace(/\.ts$/, '');
  return (files?.test(name) ?? true) && (part === undefined || part.test(what) || part.test(text));
}
