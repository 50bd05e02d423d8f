/** What a host's log tells of the machine that it is: whether it runs the VMs, and which processes they are. */

export function isHolder(log: readonly string[]): boolean {
  return log.some((line) => line.includes('host-lease.changed') && line.includes('"holder":"self"'));
}

/** Process ids by VM, of those that the host has started. */
export function startedVms(log: readonly string[]): ReadonlyMap<string, number> {
  const lines = log.flatMap((line) => {
    const found = /compute\.vm-started.*?"vmId":"(\w+)","pid":(\d+)/.exec(line);
    return found === null ? [] : [[found[1] ?? '', Number(found[2])] as const];
  });
  return new Map(lines);
}
