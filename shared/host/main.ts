/** The host's command line: `start` runs an app, `next` prints when a schedule fires. */
import { parseArgs } from 'node:util';
import { readLocalSettings } from './host-config.ts';
import { HostRefusal } from './refusal.ts';
import { startHost, type RunningHost } from './supervisor.ts';

const usage = `usage:
  start [--script-root DIR] [--port N] [--watch]      runs the app in DIR (default: here)
  next "<schedule>" [--from INSTANT] [--count N]      prints the schedule's next times`;
const defaultPort = 7071;
const countMax = 10_000;

async function start(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: { 'script-root': { type: 'string' }, port: { type: 'string' }, watch: { type: 'boolean' } },
  });
  const scriptRoot = values['script-root'] ?? process.cwd();
  const port =
    values.port === undefined ? (readLocalSettings(scriptRoot).port ?? defaultPort) : Number(values.port);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new HostRefusal(`"${values.port}" is no port`);
  let host: RunningHost | undefined;
  const stop = (): void => (host === undefined ? process.exit(0) : void host.stop());
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, stop);
  host = await startHost({ scriptRoot, port, watch: values.watch ?? false });
  return host.exited;
}

async function next(args: string[]): Promise<number> {
  const { parseSchedule } = await import('./schedule.ts');
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { from: { type: 'string' }, count: { type: 'string', default: '5' } },
  });
  const [expression, ...rest] = positionals;
  if (expression === undefined || rest.length > 0) throw new HostRefusal('give one schedule, in quotes');
  const count = Number(values.count);
  if (!Number.isInteger(count) || count < 1 || count > countMax)
    throw new HostRefusal(`--count must be 1 to ${countMax}`);
  let at: number | undefined = values.from === undefined ? Date.now() : Date.parse(values.from);
  if (Number.isNaN(at)) throw new HostRefusal(`"${values.from}" is no instant like 2026-11-24T12:00:00Z`);
  const schedule = parseSchedule(expression, process.env);
  if (typeof schedule === 'string') throw new HostRefusal(schedule);
  if (schedule.warning !== undefined) console.error(schedule.warning);
  for (let printed = 0; printed < count; printed++) {
    at = schedule.next(at);
    if (at === undefined) break;
    console.log(new Date(at).toISOString().replace('.000Z', 'Z'));
  }
  if (at === undefined) console.error('it does not fire again');
  return 0;
}

async function main([command, ...args]: string[]): Promise<number> {
  if (command === 'start') return start(args);
  if (command === 'next') return next(args);
  throw new HostRefusal(usage);
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const isUsers =
    error instanceof HostRefusal || (error as { code?: string }).code?.startsWith('ERR_PARSE_ARGS') === true;
  console.error(isUsers ? (error as Error).message : error);
  process.exitCode = 2;
}
