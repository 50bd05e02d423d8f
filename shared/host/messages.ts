/** What supervisor and child say to each other over IPC. */

/**
 * The first message to a child, which runs in the app's folder; the port's handle comes with it. Any later one tells it
 * to end in good order.
 */
export type ChildOptions = {
  readonly port: number;
  /** Names the host, the same for all its children: a crash must not lock it out of its own lock of the timers. */
  readonly holder: string;
};
export type FromChild =
  | { readonly kind: 'ready' }
  /** It will not start; the sentence says what the user has to mend. */
  | { readonly kind: 'refused'; readonly sentence: string }
  /** It ends, and takes no new connections. */
  | { readonly kind: 'draining' };
