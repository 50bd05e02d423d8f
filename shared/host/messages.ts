/** What supervisor and child say to each other over IPC. */

/** The first message to a child, which runs in the app's folder; the port's handle comes with it. */
export type ChildOptions = {
  readonly port: number;
  /** Of the timers' lock, from the child before this one: a crash must not lock the host out of its own lock. */
  readonly leaseId?: string;
};
export type FromChild =
  | { readonly kind: 'ready'; readonly leaseId: string }
  /** It will not start; the sentence says what the user has to mend. */
  | { readonly kind: 'refused'; readonly sentence: string }
  /** It ends, and takes no new connections. */
  | { readonly kind: 'draining' };
/** Every later message: end in good order. */
export type ToChild = { readonly kind: 'stop' };
