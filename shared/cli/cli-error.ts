/** What went wrong in a sentence for whoever typed the command; everything else that is thrown is a bug or a fault. */
export class CliError extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'CliError';
  }
}
