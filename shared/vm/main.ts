/** The program on a VM: one process, one token, one assignment at a time, until it is told to stop. */
import { randomBytes } from 'node:crypto';
import { openEngine } from '../scoring/engine.ts';
import { defaultPatience } from './blob-patience.ts';
import { leaveWithParent } from './leave-with-parent.ts';
import { makeModelCache } from './model-cache.ts';
import { runAssignment } from './run-assignment.ts';
import { makeServiceClient } from './service-client.ts';
import { liveVm } from './vm-life.ts';
import { makeVmLog } from './vm-log.ts';
import { takeSettings } from './vm-settings.ts';

/** A model in the middle of a native run gets this long to come to an end. */
const closeMs = 3_000;

async function main(): Promise<number> {
  leaveWithParent();
  const settings = takeSettings(process.env);
  const log = makeVmLog('wrong' in settings ? '' : settings.vmId, (line) => process.stderr.write(line));
  if ('wrong' in settings) {
    log('vm.ends', { why: settings.wrong });
    return 2;
  }
  const leaving = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => leaving.abort(`it got ${signal}`));
  }
  const { workers, openHosts, ...service } = settings;
  const patience = { ...defaultPatience, openHosts };
  const nonce = randomBytes(16).toString('hex');
  const models = makeModelCache({ openEngine, workers, patience });
  try {
    const why = await liveVm({
      client: makeServiceClient({ ...service, nonce, log }),
      run: (assignment, options) => runAssignment({ models, patience }, assignment, options),
      leaving,
    });
    log('vm.ends', { why });
    return 0;
  } catch (error) {
    log('vm.ends', { why: error instanceof Error ? `a fault: ${error.message}` : 'a fault' });
    return 1;
  } finally {
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), closeMs).unref();
    await models.close();
  }
}

process.exit(await main());
