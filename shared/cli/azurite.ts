/** Script of `npm run azurite`: only the storage, on the data that `npm start` uses, for `func start` beside it. */
import { emulatorPorts } from '../settings.ts';
import { whenOutputCloses } from './closed-output.ts';
import { optionsOrExit, readOptions } from './command-line.ts';
import { defaultDataDirectory, userPath } from './places.ts';
import { runAzurite } from './run-azurite.ts';
import { sentenceOf } from './run-instance.ts';
import { stopSignals } from './stop-signals.ts';

const help = `npm run azurite -- [--data DIR]

  --data DIR   where the data of \`npm start\` are (.millpond)
`;
const { data } = optionsOrExit({ name: 'azurite', help, exitCode: 1 }, () =>
  readOptions(process.argv.slice(2), { data: { type: 'string' } }, help),
);
const say = (line: string) => void process.stdout.write(`${line}\n`);
// It serves others: whether somebody reads what it says is no matter.
whenOutputCloses(() => undefined);
const signals = stopSignals(() => process.exit(1));

try {
  const directory = data === undefined ? defaultDataDirectory : userPath(data);
  const azurite = await runAzurite({ directory });
  const { blob, queue, table } = azurite.ports;
  say(`Azurite is ready: blob ${blob}, queue ${queue}, table ${table}; data in ${directory}/azurite.`);
  const usual = blob === emulatorPorts.blob && queue === emulatorPorts.queue && table === emulatorPorts.table;
  if (!usual) {
    say(
      `A usual port was taken, so for \`func start\` set AzureWebJobsStorage to\n${azurite.connectionString}`,
    );
  }
  say('Ctrl-C stops it and keeps the data.');
  const end = await Promise.race([signals.asked.then(() => 'asked' as const), azurite.exited]);
  if (end !== 'asked') throw new Error('Azurite ended by itself.');
  await azurite.stop();
} catch (error) {
  process.stderr.write(
    `azurite: ${sentenceOf(error) ?? (error instanceof Error ? error.message : String(error))}\n`,
  );
  process.exitCode = 1;
}
signals.dispose();
