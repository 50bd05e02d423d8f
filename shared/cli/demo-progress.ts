/** Progress for people: bars on a terminal, a line per change elsewhere. */
import { MultiBar } from 'cli-progress';

export type Track = {
  /** `done` of the track's total; the note says in what state. */
  update(done: number, note: string): void;
};
export type Progress = {
  track(name: string, total: number): Track;
  /** Call it before anything else is printed. */
  stop(): void;
};

export function createProgress(stream: NodeJS.WriteStream): Progress {
  return stream.isTTY ? bars(stream) : lines(stream);
}

const nameWidth = 10;

function bars(stream: NodeJS.WriteStream): Progress {
  const multi = new MultiBar({
    format: '  {name} {bar} {percentage}%  {note}',
    hideCursor: true,
    emptyOnZero: true,
    forceRedraw: true,
    gracefulExit: false,
    barsize: 30,
    stream,
  });
  return {
    track(name, total) {
      const bar = multi.create(total, 0, { name: name.padEnd(nameWidth), note: '' });
      return { update: (done, note) => bar.update(done, { note }) };
    },
    stop: () => multi.stop(),
  };
}

/** A line when the note changes, and at each quarter on the way. */
function lines(stream: NodeJS.WritableStream): Progress {
  return {
    track(name, total) {
      let said = '';
      return {
        update(done, note) {
          const quarter = Math.floor((4 * done) / Math.max(1, total)) * 25;
          const now = `${note}|${quarter}`;
          if (now === said) return;
          said = now;
          stream.write(`  ${name.padEnd(nameWidth)} ${String(quarter).padStart(3)} %  ${note}\n`);
        },
      };
    },
    stop: () => undefined,
  };
}
