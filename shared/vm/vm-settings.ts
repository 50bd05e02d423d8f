/**
 * What a VM is told at its start, taken out of the environment so that nothing it loads or starts can read it there.
 * The kernel keeps the block that a process was started with (/proc/<pid>/environ), for the eyes of the same user: no
 * program can wipe that one.
 */
import { isId, type VmId } from '../core/ids.ts';

export type VmSettings = {
  readonly vmId: VmId;
  /** Base URL of the service, without a slash at the end. */
  readonly url: string;
  /** This VM's own token. */
  readonly token: string;
  /** Scoring threads, 1 to 64. Default 1. */
  readonly workers: number;
  /** Names of hosts, separated by commas, whose blobs may lie on this machine: our own storage's. Default none. */
  readonly openHosts: readonly string[];
};

const names = [
  'MILLPOND_VM_ID',
  'MILLPOND_VM_URL',
  'MILLPOND_VM_TOKEN',
  'MILLPOND_VM_WORKERS',
  'MILLPOND_VM_OPEN_HOSTS',
] as const;

/** Reads the settings and deletes them from `env`; a sentence when one is missing or malformed (never the token itself). */
export function takeSettings(env: NodeJS.ProcessEnv): VmSettings | { readonly wrong: string } {
  const [vmId = '', url = '', token = '', workersText = '1', openHosts = ''] = names.map((name) => env[name]);
  for (const name of names) delete env[name];
  if (!isId(vmId)) return { wrong: 'MILLPOND_VM_ID must be 32 lower-case hex digits.' };
  if (!/^https?:\/\//.test(url) || !URL.canParse(url)) {
    return { wrong: 'MILLPOND_VM_URL must be the http(s) base URL of the service.' };
  }
  if (!/^[\x21-\x7e]+$/.test(token)) return { wrong: 'MILLPOND_VM_TOKEN must be the token of this VM.' };
  const workers = Number(workersText);
  if (!Number.isInteger(workers) || workers < 1 || workers > 64) {
    return { wrong: 'MILLPOND_VM_WORKERS must be a whole number from 1 to 64.' };
  }
  return {
    vmId,
    url: url.replace(/\/+$/, ''),
    token,
    workers,
    openHosts: openHosts.split(',').filter(Boolean),
  };
}
