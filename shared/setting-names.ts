/** The names of the settings, so that a mistyped one does not go unnoticed. */
import { suggest } from './core/suggest.ts';

const prefix = 'MILLPOND_';
/** All that there are with the prefix. */
const ownSettings = [
  'MILLPOND_ALLOWED_STORAGE_HOSTS',
  'MILLPOND_ALLOW_EMULATOR',
  'MILLPOND_CLASSIC_RUNNING',
  'MILLPOND_CLASSIC_VMS',
  'MILLPOND_COMPUTE',
  'MILLPOND_DISPATCH',
  'MILLPOND_EARLIER_SECRETS',
  'MILLPOND_JOB_MEMORY_MB',
  'MILLPOND_JOB_MINUTES',
  'MILLPOND_MASTER_SECRET',
  'MILLPOND_OPERATOR_KEY',
  'MILLPOND_PLAN_TIERS',
  'MILLPOND_PUBLIC_URL',
  'MILLPOND_STORAGE',
  'MILLPOND_UPLOAD_DAYS',
  'MILLPOND_VM_HOLD_S',
] as const;
export type SettingName = (typeof ownSettings)[number] | 'AzureWebJobsStorage' | 'TICK_SCHEDULE';

/** A mistyped name would change nothing without a word. @returns a warning for each */
export function unknownSettings(env: Readonly<Record<string, string | undefined>>): readonly string[] {
  const known = ownSettings.map((name) => name.slice(prefix.length));
  return Object.keys(env)
    .filter((name) => name.startsWith(prefix) && env[name]?.trim())
    .map((name) => name.slice(prefix.length))
    .filter((rest) => !known.some((name) => name === rest))
    .map((rest) => `${prefix}${rest} is no setting and changes nothing.${meant(rest, known)}`);
}

/** Compared without the prefix that all have, which would make any two names seem near. */
function meant(rest: string, known: readonly string[]): string {
  const nearest = suggest(rest, known);
  return nearest === undefined ? '' : ` Did you mean ${prefix}${nearest}?`;
}
