/** The host's command line: `start` runs an app, `next` prints when a schedule fires. */
import { HostRefusal, refuse } from './refusal.ts';
import { startHost, type RunningHost } from './supervisor.ts';

const usage = `usage:
  start [--script-root DIR] [--port N] [--watch]      runs the app in DIR (default: here)
  next "<schedule>" [--from INSTANT] [--count N]      prints the schedule's next times`;
const defaultPort = 7071;

async function start(args: readonly string[]): Promise<number> {
  const given = startOptions(args);
  const scriptRoot = given.get('--script-root') ?? '.';
  checkFolder(scriptRoot);
  const text = given.get('--port');
  const port = text === undefined ? await localPort(scriptRoot) : Number(text || NaN);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) refuse(`"${text}" is no port`);
  let host: RunningHost | undefined;
  const stop = (): void => (host === undefined ? process.exit(0) : void host.stop());
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, stop);
  host = await startHost({ scriptRoot, port, watch: given.has('--watch') });
  return host.exited;
}

/** By hand: `parseArgs` comes with all of node:util, 2 MB that this process would keep for its whole life. */
function startOptions(args: readonly string[]): ReadonlyMap<string, string> {
  const given = new Map<string, string>();
  const words = args.flatMap((arg) => /^(--[a-z-]+)=(.*)$/is.exec(arg)?.slice(1) ?? arg);
  for (let index = 0; index < words.length; index++) {
    const name = words[index] ?? '';
    const isSwitch = name === '--watch';
    const value = isSwitch ? '' : words[++index];
    if (name.toLowerCase() === '--enableauth')
      refuse('--enableAuth is not supported: keys are checked neither here nor by "func start" without it');
    if (!isSwitch && !['--script-root', '--port'].includes(name))
      refuse(`"${name}" is not understood\n${usage}`);
    if (value === undefined || value.startsWith('--')) refuse(`"${name}" needs a value\n${usage}`);
    given.set(name, value);
  }
  return given;
}

/** Of a working folder that is not there a process's start says that the program is not. */
function checkFolder(folder: string): void {
  const stats = process.getBuiltinModule('node:fs').statSync(folder, { throwIfNoEntry: false });
  if (stats?.isDirectory() !== true) refuse(`there is no folder ${folder}: --script-root names the app's`);
}

async function localPort(scriptRoot: string): Promise<number> {
  const { readLocalSettings } = await import('./host-config.ts');
  return readLocalSettings(scriptRoot).port ?? defaultPort;
}

async function main([command, ...args]: string[]): Promise<number> {
  if (command === 'start') return start(args);
  if (command !== 'next') refuse(usage);
  const { next } = await import('./next-command.ts');
  next(args);
  return 0;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const isUsers =
    error instanceof HostRefusal || (error as { code?: string }).code?.startsWith('ERR_PARSE_ARGS') === true;
  console.error(isUsers ? (error as Error).message : error);
  process.exitCode = 2;
}
