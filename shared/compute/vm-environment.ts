/** The environment of a local VM: its own few settings and nothing of the host's but what Node itself needs to run. */

export type VmEnvironment = {
  readonly vmId: string;
  readonly url: string;
  readonly token: string;
  readonly workers: number;
  readonly openHosts: readonly string[];
};

/** Certificates of a private authority; the system's folder, without which Windows opens no connection. */
const kept = ['NODE_EXTRA_CA_CERTS', 'SystemRoot'] as const;

export function vmEnvironment(host: NodeJS.ProcessEnv, vm: VmEnvironment): Record<string, string> {
  const fromHost = kept.flatMap((name) => {
    const value = host[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return {
    ...Object.fromEntries(fromHost),
    TZ: 'UTC',
    // Of glibc: each thread's own heap keeps what it once took, 50 MB of a process with two sessions of a forest.
    MALLOC_ARENA_MAX: '1',
    // Each thread's young objects would take up to 48 MB before they are looked at; rows are no objects.
    NODE_OPTIONS: '--max-semi-space-size=2',
    MILLPOND_VM_ID: vm.vmId,
    MILLPOND_VM_URL: vm.url,
    MILLPOND_VM_TOKEN: vm.token,
    MILLPOND_VM_WORKERS: String(vm.workers),
    MILLPOND_VM_OPEN_HOSTS: vm.openHosts.join(','),
  };
}
