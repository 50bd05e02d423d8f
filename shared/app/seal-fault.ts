/** What was sealed cannot be opened: with another master secret, or for another account or job. The message is a sentence. */
export class SealFault extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'SealFault';
  }
}
