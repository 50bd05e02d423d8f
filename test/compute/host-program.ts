/** A host of its own for tests: one local VM of the program, until it is killed or told to exit. */
import { makeLocalCompute } from '../../shared/compute/local.ts';

const [, , url = '', vmId = ''] = process.argv;
const compute = makeLocalCompute({
  hostId: 'h'.repeat(32),
  vmUrl: () => url,
  tokenFor: () => 'token',
  lease: { state: () => 'self', onChange: () => () => undefined },
  log: (event, fields) => process.send?.({ event, ...fields }),
  onExit: () => undefined,
  stderr: 'ignore',
});
await compute.start(vmId, vmId);
process.on('message', () => process.exit(0));
