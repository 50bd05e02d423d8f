/** What an endpoint does for one method: pure handlers over a parsed request. */
import type { z } from 'zod';
import type { App } from '../app/ports.ts';
import type { Refused } from '../core/refusal.ts';
import type { Call } from './call.ts';
import type { Outcome } from './reply.ts';
import type { Admitted } from './turnstile.ts';

/** A request whose key has been accepted. `who`: what the key stands for. */
export type Ask<Who> = { readonly app: App; readonly who: Who; readonly call: Call };

export type Action<Who> = {
  /** Looked at after the key and before the body is touched. */
  readonly check?: (call: Call) => Refused | undefined;
  /** Asked next; who is admitted leaves when the answer is there. Absent: everybody is. */
  readonly admit?: (ask: Ask<Who>) => Admitted | Refused;
  /** Absent: the body is not read at all, whatever it is. */
  readonly body?: { readonly schema: z.ZodType; readonly bytesMax: number };
  readonly run: (ask: Ask<Who>, body: unknown) => Promise<Outcome>;
};

export function doing<Who>(
  run: (ask: Ask<Who>) => Promise<Outcome>,
  check?: (call: Call) => Refused | undefined,
): Action<Who> {
  return { run, ...(check === undefined ? {} : { check }) };
}

/** @param bytesMax more than that is 413 */
export function reading<Who, Body>(
  body: { readonly schema: z.ZodType<Body>; readonly bytesMax: number },
  run: (ask: Ask<Who>, body: Body) => Promise<Outcome>,
  check?: (call: Call) => Refused | undefined,
): Action<Who> {
  // The schema has made it a Body before `run` sees it.
  return { body, run: (ask, given) => run(ask, given as Body), ...(check === undefined ? {} : { check }) };
}
