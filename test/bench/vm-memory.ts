/** Peak memory of a VM's process with two workers, for inputs of ever greater size. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../../shared/cli/places.ts';
import { startFakeService } from '../vm/fake-service.ts';
import { assignmentOf, randomId } from '../vm/blob-place.ts';
import { startVm } from '../vm/vm-process.ts';
import { startBlobDouble } from './blob-double.ts';
import { census, type Census } from './census-file.ts';
import { atMost, type Measure } from './measures.ts';

const gigabyte = 1_000_000_000;
const modelPath = join(projectRoot, 'shared/samples/adult-census/adult-lr.onnx');

export async function benchVmMemory({
  full,
  skip,
}: {
  full: boolean;
  skip: (sentence: string) => void;
}): Promise<Measure[]> {
  if (process.platform !== 'linux') {
    skip("A process's peak memory can be read under Linux only.");
    return [];
  }
  const file = await census(100_000);
  const sizes = [0.1, 1, ...(full ? [10] : [])];
  const peaks: number[] = [];
  for (const size of sizes) peaks.push(await peakMb(file, size * gigabyte));
  const [smallest = 0] = peaks;
  const last = peaks.at(-1) ?? 0;
  return [
    ...sizes.map((size, index): Measure => {
      const value = peaks[index] ?? 0;
      return {
        id: `vm-peak-${size}gb`,
        what: `peak memory of a VM's process, two workers, ${size} GB`,
        value,
        unit: 'MB',
        target: atMost(value, 300, 'MB', 'timed', peakBasis),
      };
    }),
    {
      id: 'vm-peak-growth',
      what: `  ${sizes.at(-1)} GB against ${sizes[0]} GB`,
      value: last / smallest,
      unit: 'x',
      target: atMost(last / smallest, 1.15, 'x', 'timed', growthBasis),
    },
  ];
}

const peakBasis =
  'Asked for: 300 MB for 10 GB. Measured: 211 to 219 MB up to 1 GB, 227 MB for 10 GB; a forest takes 243 to 252 MB for 0.1 GB.';
const growthBasis =
  'Asked for: no growth with size. Measured: 0.98 to 1.15 for 1 GB, 1.08 to 1.14 for 10 GB: what the collector leaves lying differs by so much from run to run.';

async function peakMb(file: Census, bytes: number): Promise<number> {
  const blobs = await startBlobDouble(readFileSync(modelPath), file, bytes);
  const service = await startFakeService();
  const vm = startVm(service.url, randomId(), 2);
  try {
    const output = { url: blobs.outputUrl, name: 'data/output.csv', readable: true };
    const input = { ...blobs.input, name: 'data/input.csv', reads: 'table' as const };
    const job = await assignmentOf({ model: blobs.model, input, output });
    service.give({ ...job, beatMs: 1_000 });
    await service.until(() => service.outcomes.has(job.jobId));
    const outcome = service.outcomes.get(job.jobId);
    if (outcome?.kind !== 'finished') throw new Error(`the job failed: ${JSON.stringify(outcome)}`);
    const status = readFileSync(`/proc/${vm.child.pid}/status`, 'utf8');
    return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) / 1_024;
  } finally {
    await vm.end();
    await service.close();
    await blobs.close();
  }
}
