/** The article's statements, their tests, and the table of both in the documents: none is missing, and each is there. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { statements } from './article-statements.ts';
import { isWritten, plainTable } from './is-written.ts';

const root = join(import.meta.dirname, '..');
const document = 'shared/article.md';

function table(): string {
  const rows = statements.map(({ number, says, proofs }) => {
    const tests = proofs.map(({ file, title }) => `\`${file}\`: ${title}`).join('<br>');
    return `| ${number} | ${says} | ${tests} |`;
  });
  return ['| | the article says | proved by |', '| --- | --- | --- |', ...rows].join('\n');
}

test('every one of the 26 statements of the article has a test', () => {
  expect(statements.map((one) => one.number)).toEqual(Array.from({ length: 26 }, (_, n) => n + 1));
  expect(statements.filter((one) => one.proofs.length === 0)).toEqual([]);
});

test('every test that is named is there', () => {
  const missing = statements.flatMap(({ number, proofs }) =>
    proofs.filter((proof) => !isWritten(proof)).map((proof) => ({ number, ...proof })),
  );
  expect(missing).toEqual([]);
});

test('the table in the documents is this one', () => {
  const text = readFileSync(join(root, document), 'utf8');
  expect(plainTable(text)).toContain(plainTable(table()));
});

test('the README says when to use a pool and when classic processing', () => {
  const text = readFileSync(join(root, 'README.md'), 'utf8').toLowerCase();
  for (const reason of ['many jobs', 'must start at once', 'throughput must be guaranteed', 'a few jobs']) {
    expect(text).toContain(reason);
  }
});
