/**
 * Which parts of the domain and the use cases a run has not reached: by V8's own counting, function by function and
 * block by block.
 */
import { readFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import { fileURLToPath } from 'node:url';

export type Unreached = {
  readonly file: string;
  readonly line: number;
  readonly what: string;
  readonly text: string;
};

/** To be begun before what is counted is loaded. */
export async function beginCoverage(): Promise<{ unreached(): Promise<Unreached[]> }> {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  return {
    async unreached() {
      const { result } = await session.post('Profiler.takePreciseCoverage');
      session.disconnect();
      const scripts = result.filter(({ url }) => /\/shared\/(?:app|core)\//.test(url));
      return scripts.flatMap(({ url, functions }) => {
        // Types are taken out in place: what V8 counts lies where the source has it.
        const source = readFileSync(fileURLToPath(url), 'utf8');
        const holes = functions.flatMap(({ functionName, ranges }) =>
          ranges.filter(({ count }) => count === 0).map(({ startOffset }) => ({ functionName, startOffset })),
        );
        return holes.map(({ functionName, startOffset }) => place(url, source, functionName, startOffset));
      });
    },
  };
}

function place(url: string, source: string, functionName: string, offset: number): Unreached {
  const line = source.slice(0, offset).split('\n').length;
  const text = source.slice(offset, source.indexOf('\n', offset)).trim().slice(0, 80);
  return { file: url.slice(url.lastIndexOf('/shared/') + 1), line, what: functionName, text };
}
