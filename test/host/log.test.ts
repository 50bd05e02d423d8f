/** What of the log is printed: levels by category, as `logging.logLevel` of host.json says. */
import { expect, it } from 'vitest';
import { createLog } from '../../shared/host/log.ts';

function printed(levels: Record<string, string>): string[] {
  const texts: string[] = [];
  const log = createLog(levels, (text) => void texts.push(text));
  for (const category of ['Host', 'Function.f', 'Function.f.User', 'Function.fg', 'Worker'])
    for (const level of ['trace', 'debug', 'information', 'warning', 'error', 'critical'] as const)
      log(level, category, `${category}:${level}`);
  log.flush();
  return texts.join('').trim().split('\n');
}
const of = (lines: string[], category: string): string[] =>
  lines.flatMap((line) => (line.includes(` ${category}:`) ? (line.split(':').at(-1) ?? '') : []));

it('is information and above unless host.json says otherwise', () => {
  const lines = printed({});
  expect(of(lines, 'Host')).toEqual(['information', 'warning', 'error', 'critical']);
  expect(lines[0]).toMatch(/^\[\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\] Host:information$/);
  expect(of(printed({ default: 'Error' }), 'Worker')).toEqual(['error', 'critical']);
  expect(of(printed({ default: 'odd' }), 'Worker')).toHaveLength(6);
});

it('goes by the longest part of the category that is named', () => {
  const lines = printed({
    default: 'None',
    Function: 'Warning',
    'Function.f': 'Error',
    'Function.f.User': 'Trace',
  });
  expect(of(lines, 'Host')).toEqual([]);
  expect(of(lines, 'Function.f')).toEqual(['error', 'critical']);
  expect(of(lines, 'Function.f.User')).toHaveLength(6);
  expect(of(lines, 'Function.fg')).toEqual(['warning', 'error', 'critical']);
});

it('is one write for what comes at one moment', () => {
  const texts: string[] = [];
  const log = createLog({}, (text) => void texts.push(text));
  log('information', 'Host', 'one');
  log('information', 'Host', 'two');
  expect(texts).toEqual([]);
  log.flush();
  log.flush();
  expect(texts).toHaveLength(1);
});
