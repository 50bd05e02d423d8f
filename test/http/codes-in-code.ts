/** The detail codes that stand in the code itself, for the tests that hold a list of them to be complete. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');
const rooms = ['shared/app', 'shared/core', 'shared/http', 'functions'];
/** A call of one of the refusals' constructors. */
const call = /\b(?:badArgument|invalidOperation|notFound|conflict|tooLarge|tooSlow|unavailable)\(\s*'(\w+)'/g;

export function codesInCode(): ReadonlySet<string> {
  const codes = rooms.flatMap((room) =>
    readdirSync(join(root, room), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .flatMap((name) => [...readFileSync(join(root, room, name), 'utf8').matchAll(call)])
      .map(([, code = '']) => code),
  );
  return new Set(codes);
}
