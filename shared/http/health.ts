/** `GET /health`: whether the storage answers, which is all that everything else stands on. */
import { StoreFault, type App } from '../app/ports.ts';
import { isoTime } from './iso-time.ts';
import { lastTickMs } from './tick-watch.ts';
import { json, type Reply } from './reply.ts';
import { version } from './version.ts';

/** A key that no account has: one point read that finds nothing. */
const nobody = '0'.repeat(32);

export async function healthOf(app: App): Promise<Reply> {
  const [storage, compute] = await Promise.all([storageOf(app), computeOf(app)]);
  const isWell = storage === 'ok';
  const status = isWell ? 'ok' : 'unavailable';
  return json(isWell ? 200 : 503, { status, version, storage, compute, lastTick: isoTime(lastTickMs()) });
}

async function storageOf(app: App): Promise<'ok' | 'unreachable'> {
  try {
    await app.store.get('account', { subscriptionId: nobody });
    return 'ok';
  } catch (error) {
    if (error instanceof StoreFault) return 'unreachable';
    throw error;
  }
}

/** `elsewhere`: another host holds the machines of this storage. */
async function computeOf(app: App): Promise<'ok' | 'elsewhere' | 'unavailable'> {
  try {
    return (await app.compute.observe()).holder === 'self' ? 'ok' : 'elsewhere';
  } catch {
    return 'unavailable';
  }
}
