/** local.settings.json: read as Core Tools reads it, and made from the sample, with secrets of its own, when missing. */
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { CliError } from './cli-error.ts';

const fileSchema = z.looseObject({
  Values: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).default({}),
});

/** What was done when it was asked for. */
export type Ensured = 'written' | 'there' | 'not-needed';

/**
 * Writes the file (mode 0600) with random secrets in the place of the sample's. One that exists stays as it is, and
 * where the environment brings both secrets none is needed.
 */
export function ensureLocalSettings(root: string, env: NodeJS.ProcessEnv): Ensured {
  const file = join(root, 'local.settings.json');
  if (existsSync(file)) return 'there';
  if (env['MILLPOND_OPERATOR_KEY'] && env['MILLPOND_MASTER_SECRET']) return 'not-needed';
  const sample = parse(join(root, 'local.settings.sample.json'));
  const secrets = {
    MILLPOND_OPERATOR_KEY: randomBytes(32).toString('base64url'),
    MILLPOND_MASTER_SECRET: randomBytes(48).toString('base64'),
  };
  const content = { ...sample, Values: { ...sample.Values, ...secrets } };
  try {
    writeFileSync(file, `${JSON.stringify(content, null, 2)}\n`, { flag: 'wx', mode: 0o600 });
    return 'written';
  } catch (error) {
    // Another start was quicker: its secrets hold.
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return 'there';
    throw error;
  }
}

/**
 * The Values, below the process's own environment, which wins.
 * @throws CliError when the file is there and cannot be understood.
 */
export function localEnv(root: string, env: NodeJS.ProcessEnv): Record<string, string> {
  const file = join(root, 'local.settings.json');
  const values = existsSync(file) ? parse(file).Values : {};
  const merged: Record<string, string> = {};
  for (const [name, value] of Object.entries(values)) merged[name] = String(value);
  for (const [name, value] of Object.entries(env)) if (value !== undefined) merged[name] = value;
  return merged;
}

function parse(file: string): z.infer<typeof fileSchema> {
  try {
    return fileSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    // A parser's own message would quote the file, and the file holds secrets.
    throw new CliError(
      `${file} cannot be understood: it must be JSON with an object "Values" of texts; correct it, or remove it to get ` +
        'a new one (with new secrets: keys and stored secrets of before are lost).',
      { cause: error },
    );
  }
}
