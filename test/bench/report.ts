/** A bench's numbers as a table for people and as a file for whoever compares two runs. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { textTable } from '../../shared/cli/text-table.ts';
import type { Measure } from './measures.ts';

export type Section = {
  readonly title: string;
  readonly seconds: number;
  readonly measures: readonly Measure[];
  /** In sentences, what could not be measured here. */
  readonly skipped: readonly string[];
};

export function printSection({ title, seconds, measures, skipped }: Section): void {
  const rows = measures.map(({ what, value, unit, target }) => [
    what,
    rounded(value),
    unit,
    target?.text ?? '',
    target === undefined ? '' : target.met ? 'met' : 'MISSED',
  ]);
  const table = textTable(['measure', 'value', 'unit', 'target', ''], rows);
  const sentences = skipped.map((sentence) => `${sentence}\n`).join('');
  process.stdout.write(`\n${title} (${Math.round(seconds)} s)\n${table}\n${sentences}`);
}

/** Gives the path of the file. */
export function writeReport(directory: string, mode: 'quick' | 'full', sections: readonly Section[]): string {
  const at = new Date().toISOString();
  const machine = {
    node: process.version,
    cpus: cpus().length,
    cpu: cpus()[0]?.model ?? '',
    memoryGb: Math.round(totalmem() / 1e9),
  };
  mkdirSync(directory, { recursive: true });
  const path = join(directory, `${at.replaceAll(':', '-').slice(0, 19)}.json`);
  const text = `${JSON.stringify({ at, mode, machine, sections }, undefined, 2)}\n`;
  writeFileSync(path, text);
  writeFileSync(join(directory, 'latest.json'), text);
  return path;
}

function rounded(value: number): string {
  if (Number.isInteger(value)) return value.toLocaleString('en-US');
  return value.toFixed(value < 10 ? 2 : 1);
}
