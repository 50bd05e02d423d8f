/** Script of `npm run demo`: the main job once, for real, with what it needs started and stopped around it. */
import { whenOutputCloses } from './closed-output.ts';
import { demoInstance, type DemoInstance } from './demo-instance.ts';
import { demoHelp, demoOptions, type DemoOptions } from './demo-options.ts';
import { runDemo } from './demo-steps.ts';
import { sentenceOf } from './run-instance.ts';
import { stopSignals } from './stop-signals.ts';

const nextAfterOwn = `
Next:
  npm start                             Millpond until Ctrl-C, with the same data
  npm run demo -- --input FILE.csv --output SCORED.csv
                                        your own file (columns: shared/samples/adult-census/README.md)
  README.md                             a first job of your own with curl`;

const nextAfterRunning = `
Next:
  npm run demo -- --input FILE.csv --output SCORED.csv
                                        your own file (columns: shared/samples/adult-census/README.md)
  README.md                             a first job of your own with curl`;

const say = (line: string) => void process.stdout.write(`${line}\n`);
let instance: DemoInstance | undefined;

const signals = stopSignals(() => {
  instance?.kill();
  process.exit(1);
});
let reader: 'there' | 'gone' = 'there';
whenOutputCloses(() => {
  reader = 'gone';
  signals.ask();
});

try {
  const options = demoOptions(process.argv.slice(2));
  if (options === 'help') say(demoHelp);
  else await demo(options);
} catch (error) {
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const why = signals.signal.aborted ? 'stopped before its end' : (sentenceOf(error) ?? stack);
  // Who has read enough knows why it ended.
  if (reader === 'there') process.stderr.write(`\ndemo: ${why}\n`);
  process.exitCode = 1;
}
signals.dispose();

async function demo(options: DemoOptions): Promise<void> {
  instance = await demoInstance(options.directory, say);
  const { url, operatorKey, own } = instance;
  try {
    signals.signal.throwIfAborted();
    await runDemo({ url, operatorKey, options, signal: signals.signal, out: process.stdout });
  } finally {
    await instance.stop();
  }
  say(own ? nextAfterOwn : nextAfterRunning);
}
