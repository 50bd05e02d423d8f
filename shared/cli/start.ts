/** Script of `npm start`: Millpond on this machine until Ctrl-C. */
import { whenOutputCloses } from './closed-output.ts';
import { projectRoot } from './places.ts';
import { sentenceOf, type RunningInstance } from './run-instance.ts';
import { startCommand } from './start-command.ts';
import { startHelp, startOptions } from './start-options.ts';
import { stopSignals } from './stop-signals.ts';

let instance: RunningInstance | undefined;
const signals = stopSignals(() => {
  instance?.kill();
  process.exit(1);
});
const say = (line: string) => void process.stdout.write(`${line}\n`);
// It serves others: whether somebody reads what it says is no matter.
whenOutputCloses(() => undefined);

try {
  const options = startOptions(process.argv.slice(2));
  if (options.kind === 'help') {
    say(startHelp);
  } else {
    const onRunning = (started: RunningInstance) => void (instance = started);
    await startCommand({ ...options, root: projectRoot, signals, say, onRunning });
  }
} catch (error) {
  const stack = error instanceof Error ? error.stack : String(error);
  process.stderr.write(`start: ${sentenceOf(error) ?? stack}\n`);
  process.exitCode = 1;
}
signals.dispose();
