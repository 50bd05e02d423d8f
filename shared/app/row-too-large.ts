/** A row is larger than its table can hold: what was asked is at fault, not the storage. The message is a sentence. */
import type { Kind } from './ports.ts';

export class RowTooLarge extends Error {
  readonly kind: Kind;
  constructor(kind: Kind, message: string) {
    super(message);
    this.name = 'RowTooLarge';
    this.kind = kind;
  }
}
