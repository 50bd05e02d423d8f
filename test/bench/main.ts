/** `npm run bench`: the promises about speed, each beside the storage's own speed in the same run. */
import { join } from 'node:path';
import { optionsOrExit, readOptions, sentenceOrExit, withText } from '../../shared/cli/command-line.ts';
import { projectRoot } from '../../shared/cli/places.ts';
import { benchBlobs } from './blob-to-blob.ts';
import { benchEngine } from './engine.ts';
import { benchHost } from './host.ts';
import type { Measure } from './measures.ts';
import { benchPolls } from './poll-storm.ts';
import { printSection, writeReport, type Section } from './report.ts';
import { benchSaturation } from './saturation.ts';
import { benchStart } from './start-latency.ts';
import { benchThroughput } from './throughput.ts';
import { benchTick } from './tick-time.ts';
import { benchVmMemory } from './vm-memory.ts';

const help = `npm run bench -- [--full] [--only TEXT]

  --full        takes longer: more jobs, more rounds
  --only TEXT   measures those whose title has the text
`;
const { full, only } = optionsOrExit({ name: 'bench', help, exitCode: 2 }, () =>
  readOptions(
    process.argv.slice(2),
    { full: { type: 'boolean', default: false }, only: { type: 'string', default: '' } },
    help,
  ),
);

type Skip = (sentence: string) => void;

const benches: readonly (readonly [string, (skip: Skip) => Promise<Measure[]>])[] = [
  ['One job over HTTP, 2 idle VMs', () => benchStart({ jobs: 200 })],
  [
    'Many jobs through the use cases',
    () => benchThroughput(full ? { jobs: 500, rounds: 5 } : { jobs: 150, rounds: 3 }),
  ],
  ['What a job costs, counted', benchSaturation],
  ['Jobs beside callers that poll without pause', () => benchPolls({ jobs: 50, seconds: full ? 30 : 10 })],
  ['A long queue and a long history', () => benchTick({ full })],
  ['The embedded Functions host', () => benchHost({ full })],
  ['The engine, file to file', (skip) => benchEngine({ full, skip })],
  ['The whole service, blob to blob', () => benchBlobs({ rounds: full ? 5 : 2 })],
  ['Memory of a VM', (skip) => benchVmMemory({ full, skip })],
];

const chosen = sentenceOrExit('bench', 2, () => withText('--only', only, benches, ([title]) => title));
const sections: Section[] = [];
for (const [title, run] of chosen) {
  process.stdout.write(`${title} ...\n`);
  const beganMs = performance.now();
  const skipped: string[] = [];
  const measures = await run((sentence) => skipped.push(sentence));
  const section = { title, seconds: (performance.now() - beganMs) / 1_000, measures, skipped };
  printSection(section);
  sections.push(section);
}
const path = writeReport(join(projectRoot, '.millpond/bench'), full ? 'full' : 'quick', sections);
const targets = sections.flatMap(({ measures }) => measures).flatMap(({ target }) => target ?? []);
const missed = targets.filter((target) => !target.met);
process.stdout.write(`\n${targets.length - missed.length} of ${targets.length} targets met. ${path}\n`);
// What is counted is exact; what is timed depends on the machine and is only reported.
if (missed.some((target) => target.kind === 'counted')) process.exitCode = 1;
