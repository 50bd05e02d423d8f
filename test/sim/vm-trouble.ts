/** VMs that are killed, hang, or lose their network, at any time and in the middle of what they do. */
import type { World } from './simulate.ts';
import type { VmProcess } from './vm-process.ts';

const minuteMs = 60_000;

export function makeVmTrouble({ scheduler, machines, mix, random, facts }: World): {
  begin(): void;
  stop(): void;
} {
  let state: 'on' | 'off' = 'off';
  const everyMs = mix.vmTroubleEveryMs;

  const disturb = (vm: VmProcess) => {
    const known = facts.vms.get(vm.vmId)!;
    machines.troubles += 1;
    const ms = 1 + random.below(random.pick([minuteMs, 10 * minuteMs, 40 * minuteMs]));
    const kinds = ['kill', 'kill-soon', 'hang', 'cut', 'cut-all'] as const;
    switch (mix.machines === 'batch' && random.below(6) === 0 ? 'rerun' : random.pick(kinds)) {
      case 'rerun':
        return machines.rerun(vm.vmId);
      case 'kill':
        return vm.die('its process was killed by SIGKILL');
      case 'kill-soon':
        // Between any two of its calls: also between a block and its commit, a commit and its finish.
        vm.fuse = 1 + random.below(6);
        return;
      case 'hang':
        vm.pausedUntilMs = Math.max(vm.pausedUntilMs, scheduler.nowMs + ms);
        known.healthyFromMs = Math.max(known.healthyFromMs, vm.pausedUntilMs);
        return;
      case 'cut':
      case 'cut-all':
        vm.cutUntilMs = Math.max(vm.cutUntilMs, scheduler.nowMs + ms);
        vm.cutFrom = random.pick(['service', 'all'] as const);
        known.healthyFromMs = Math.max(known.healthyFromMs, vm.cutUntilMs);
    }
  };
  const next = () => {
    if (state === 'off' || everyMs === undefined) return;
    const vms = machines.processes();
    // Zombies come from VMs that work.
    const working = vms.filter((vm) => vm.isWorking);
    const from = working.length > 0 && random.below(3) > 0 ? working : vms;
    if (from.length > 0) disturb(random.pick(from));
    scheduler.after(everyMs * 2 * random.fraction(), next);
  };
  return {
    begin() {
      state = 'on';
      if (everyMs !== undefined) scheduler.after(everyMs * random.fraction(), next);
    },
    stop() {
      state = 'off';
    },
  };
}
