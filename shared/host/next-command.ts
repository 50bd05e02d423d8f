/** `next "<schedule>"`: prints when a schedule fires, one time a line. */
import { parseArgs } from 'node:util';
import { readLocalSettings } from './host-config.ts';
import { refuse } from './refusal.ts';
import { parseSchedule } from './schedule.ts';

const countMax = 10_000;

/** `%SETTING%` is looked up in the environment and in local.settings.json here.
 * @throws HostRefusal with what is wrong */
export function next(args: string[]): void {
  // An instant without an offset is UTC, as everything else is.
  process.env['TZ'] = 'UTC';
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { from: { type: 'string' }, count: { type: 'string', default: '5' } },
  });
  const [expression, ...rest] = positionals;
  if (expression === undefined || rest.length > 0) refuse('give one schedule, in quotes');
  const count = Number(values.count);
  if (!Number.isInteger(count) || count < 1 || count > countMax) refuse(`--count must be 1 to ${countMax}`);
  let at: number | undefined = values.from === undefined ? Date.now() : Date.parse(values.from);
  if (Number.isNaN(at)) refuse(`"${values.from}" is no instant like 2026-11-24T12:00:00Z`);
  const settings = { ...readLocalSettings(process.cwd()).values, ...process.env };
  const schedule = parseSchedule(expression, settings);
  if (schedule.warning !== undefined) console.error(schedule.warning);
  for (let printed = 0; printed < count; printed++) {
    at = schedule.next(at);
    if (at === undefined) break;
    console.log(new Date(at).toISOString().replace('.000Z', 'Z'));
  }
  if (at === undefined) console.error('it does not fire again');
}
