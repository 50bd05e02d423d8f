/** Where the engine's output goes, whatever format it is to have. */

export type ByteTarget = {
  /** Resolves when there is room for more; the bytes may change then. */
  readonly write: (chunk: Uint8Array) => Promise<void>;
  /** Nothing more will come: resolves when all of it has been passed on. */
  readonly end: () => Promise<void>;
};
