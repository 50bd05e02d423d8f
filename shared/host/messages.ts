/** What supervisor and child say to each other over IPC. */

export type ChildOptions = {
  readonly scriptRoot: string;
  readonly hostname: string;
  readonly port: number;
  /** Of the timers' lock, from the child before this one: a crash must not lock the host out of its own lock. */
  readonly leaseId?: string;
};
export type FromChild =
  | { readonly kind: 'ready'; readonly leaseId: string }
  /** It will not start; the sentence says what the user has to mend. */
  | { readonly kind: 'refused'; readonly sentence: string }
  /** The connection of this id is the child's now. */
  | { readonly kind: 'arrived'; readonly id: number }
  /** It ends, and takes no new connections. */
  | { readonly kind: 'draining' };
export type ToChild =
  /** Comes with a socket. */
  { readonly kind: 'connection'; readonly id: number } | { readonly kind: 'stop' };
