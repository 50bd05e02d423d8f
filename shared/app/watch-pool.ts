/** VMs that wait for work share one look a second at their pool: what another instance has committed is seen by it. */
import type { Tag } from '../core/ids.ts';
import { limits } from '../core/limits.ts';
import { nudgeDispatch } from './nudge.ts';
import { readHead } from './queue-head.ts';
import type { App } from './ports.ts';

/** Looks for as long as any VM of the pool listens in this process, whoever began; at most one look at a time. */
export function watchPool({ lasting: app }: App, tag: Tag): void {
  void app.oneAtATime(`watch|${tag}`, () => watch(app, tag));
}

async function watch(app: App, tag: Tag): Promise<void> {
  while (app.wakeups.listenedTo(tag).length > 0) {
    await app.clock.sleep(limits.watchMs);
    const listening = app.wakeups.listenedTo(tag);
    if (listening.length === 0) return;
    const head = await readHead(app, tag).catch(() => undefined);
    if (head === undefined) continue;
    const free = head.vms.filter((stored) => stored.row.kind === 'idle').map((stored) => stored.row.vmId);
    const idle = new Set(free);
    for (const vmId of listening) if (!idle.has(vmId)) app.wakeups.notify(vmId);
    // Freed by one instance while another queued: neither saw the other's commit.
    if (idle.size > 0 && head.queue.length > 0) await nudgeDispatch(app, tag);
  }
}
