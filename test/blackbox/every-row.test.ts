/** Every row of the public data through the whole service: blob, job, VM, engine, blob. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parse } from 'csv-parse/sync';
import {
  blobText,
  ended,
  jobBody,
  makePool,
  makeTenant,
  putBlob,
  startInstance,
  startJob,
  type Instance,
  type Tenant,
} from './instance.ts';

const data = join(import.meta.dirname, '../../../shared/data');
const isHere = existsSync(join(data, 'adult.csv'));
let instance: Instance;
let tenant: Tenant;

beforeAll(async () => {
  if (!isHere) return;
  instance = await startInstance();
  tenant = await makeTenant(instance, 'ef'.repeat(16));
});
afterAll(() => instance?.stop());

it.skipIf(!isHere)(
  `gives the labels and, within 1e-6, the probabilities of scikit-learn${isHere ? '' : ' (skipped: ../shared/data is not beside this checkout)'}`,
  async () => {
    const bytes = readFileSync(join(data, 'adult-lr.expected.f64'));
    const expected = new Float64Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 8);
    const poolId = await makePool(instance, tenant, 2);
    let row = 0;
    for (const name of ['adult.csv', 'adult-test.csv'])
      await putBlob(instance, name, readFileSync(join(data, name), 'utf8'));
    const paths = [];
    for (const name of ['adult.csv', 'adult-test.csv']) {
      paths.push(await startJob(instance, tenant, jobBody(instance, poolId, name, `scored/${name}`)));
    }
    for (const path of paths) expect((await ended(instance, tenant, path)).StatusCode).toBe('Finished');
    let off = 0;
    for (const name of ['adult.csv', 'adult-test.csv']) {
      const rows = parse(await blobText(instance, `scored/${name}`), { columns: true }) as Record<
        string,
        string
      >[];
      for (const scored of rows) {
        const [none = 0, more = 0] = expected.subarray(row * 2, row * 2 + 2);
        off = Math.max(off, Math.abs(Number(scored['Scored Probabilities']) - more));
        if (scored['Scored Labels'] !== (more > none ? '>50K' : '<=50K'))
          throw new Error(`the label of row ${row} differs`);
        row += 1;
      }
    }
    expect(row).toBe(48_842);
    expect(off).toBeLessThan(1e-6);
  },
);
