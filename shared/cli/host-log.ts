/** The host's log: all of it into DIR/host.log, what went wrong on the terminal too. */
import { createWriteStream, existsSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { makeDataFolder } from './data-folder.ts';

const rotateBytes = 8 * 1024 * 1024;

export type HostLog = {
  readonly file: string;
  write(line: string): void;
  /** From here on nothing goes to the terminal: at the end VMs and host miss each other, as they must. */
  quiet(): void;
  close(): void;
};

/** A file over 8 MiB becomes host.log.1 when a host starts. `tell` gets the lines that a user should see. */
export function hostLog(directory: string, tell: (line: string) => void): HostLog {
  makeDataFolder(directory);
  const file = join(directory, 'host.log');
  if (existsSync(file) && statSync(file).size > rotateBytes) renameSync(file, `${file}.1`);
  const stream = createWriteStream(file, { flags: 'a', mode: 0o600 });
  let isQuiet = false;
  stream.on('error', (error) => {
    if (!isQuiet) tell(`The log ${file} cannot be written: ${error.message}`);
    isQuiet = true;
  });
  const important = importantLines();
  return {
    file,
    write(line) {
      if (!stream.writableEnded) stream.write(`${line}\n`);
      const shown = important(line);
      if (shown !== undefined && !isQuiet) tell(shown);
    },
    quiet: () => void (isQuiet = true),
    close: () => void stream.end(),
  };
}

/**
 * Gives the text for the terminal, line by line: a function's failure comes with its cause, which is the line after it,
 * and VMs that are lost together come as one sentence.
 */
export function importantLines(): (line: string) => string | undefined {
  let failure: string | undefined;
  let lostBy: string | undefined;
  return (line) => {
    if (failure !== undefined) {
      const shown = isClientGone(line) ? undefined : `${failure}\n  ${line}`;
      failure = undefined;
      return shown;
    }
    if (/^\[[^\]]*\] Executed '.*' \(Failed, Id=/.test(line)) {
      failure = line;
      return undefined;
    }
    const cause = lossCause(line);
    if (cause !== undefined) {
      const isSaid = cause === lostBy;
      lostBy = cause;
      return isSaid ? undefined : lossSentence(cause);
    }
    if (line.includes('"event":"compute.vm-started"')) lostBy = undefined;
    const ofHost = /uncaught exception|it is started again|was exceeded by/.test(line);
    const ofOurs = /"event":"[^"]*(failed|unreachable|does-not-answer)"/.test(line);
    return ofHost || ofOurs ? line : undefined;
  };
}

/** Why a VM was lost, in the service's words. */
function lossCause(line: string): string | undefined {
  return /^\{"event":"vm-lost",.*"cause":"([^"]*)/.exec(line)?.[1];
}

function lossSentence(cause: string): string {
  return `A VM was lost: ${cause}. What is lost is replaced, and its jobs go on (host.log has the ids).`;
}

/** Whoever asked went away before the answer: nobody has to do anything about it. */
function isClientGone(cause: string): boolean {
  return /ERR_HTTP_CONTENT_LENGTH_MISMATCH|ECONNRESET|ERR_STREAM_PREMATURE_CLOSE|aborted/i.test(cause);
}
