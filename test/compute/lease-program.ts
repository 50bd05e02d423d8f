/** A host of its own for tests: holds the lease until it is killed. */
import { makeHostLease } from '../../shared/compute/host-lease.ts';

const [, , connectionString = '', blobName = ''] = process.argv;
const lease = makeHostLease({ connectionString, blobName, log: () => undefined });
await lease.start();
process.send?.(lease.state());
// The channel keeps the program alive; without its test it ends.
process.on('disconnect', () => process.exit(0));
