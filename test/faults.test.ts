/** The thirty faults, the races, the simulation's checks and the tests that cover them, and the table of all that in the documents. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { faults } from './fault-list.ts';
import { isWritten, plainTable } from './is-written.ts';
import { races } from './race-list.ts';

const root = join(import.meta.dirname, '..');
const sim = join(root, 'test/sim');

function table(): string {
  const rows = faults.map(({ numbers, fault, holds, checks, proofs }) => {
    const tests = proofs.map(({ file, title }) => `\`${file}\`: ${title}`).join('<br>');
    return `| ${numbers} | ${fault} | ${holds} | ${checks.map((name) => `\`${name}\``).join(' ')} | ${tests} |`;
  });
  return [
    '| | fault | what holds | checked at every seed | tests |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
  ].join('\n');
}

function raceTable(): string {
  const rows = races.map(
    ({ race, holds, proof }) => `| ${race} | ${holds} | \`${proof.file}\`: ${proof.title} |`,
  );
  return ['| race | what holds | test |', '| --- | --- | --- |', ...rows].join('\n');
}

test('all thirty are there, each with a test', () => {
  const numbers = faults.flatMap(({ numbers }) => {
    const [from, to] = numbers.split('-').map(Number) as [number, number | undefined];
    return Array.from({ length: (to ?? from) - from + 1 }, (_, n) => from + n);
  });
  expect(numbers).toEqual(Array.from({ length: 30 }, (_, n) => n + 1));
  expect(faults.filter(({ proofs }) => proofs.length === 0)).toEqual([]);
});

test('every test that is named is there', () => {
  const missing = faults.flatMap(({ numbers, proofs }) =>
    proofs.filter((proof) => !isWritten(proof)).map((proof) => ({ numbers, ...proof })),
  );
  expect(missing).toEqual([]);
  expect(races.filter(({ proof }) => !isWritten(proof))).toEqual([]);
});

test('every check that is named is one of the simulation', () => {
  const files = readdirSync(sim, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  );
  const sources = files.map((name) => readFileSync(join(sim, name), 'utf8')).join('\n');
  const names = [...new Set(faults.flatMap(({ checks }) => checks))];
  expect(names.filter((name) => !sources.includes(`'${name}'`))).toEqual([]);
});

test('the tables in the documents are these', () => {
  const text = plainTable(readFileSync(join(root, 'shared/faults.md'), 'utf8'));
  expect(text).toContain(plainTable(table()));
  expect(text).toContain(plainTable(raceTable()));
});
