/** The model check as the use cases want it: bytes in, columns or a reason out. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ModelReport } from '../app/ports.ts';
import type { Column } from '../core/service.ts';
import { checkModel } from './model-check.ts';
import type { ModelInfo } from './model-info.ts';

/** @throws when the temp folder cannot be written */
export async function reportModel(
  bytes: Uint8Array,
  limits: { readonly timeoutMs: number; readonly memoryMb: number },
): Promise<ModelReport> {
  const folder = await mkdtemp(join(tmpdir(), 'millpond-model-'));
  try {
    const path = join(folder, 'model.onnx');
    await writeFile(path, bytes);
    const check = await checkModel({ path, ...limits });
    if (check.kind === 'refused') return check;
    return { kind: 'ok', columns: columnsOf(check.model), scored: check.model.columns };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** CSV columns: one per [N,1] input; the named ones of a [N,C] input (unnamed ones are taken by their place in the file). */
function columnsOf(model: ModelInfo): Column[] {
  return model.inputs.flatMap((input) => {
    const names = input.width === 1 ? [input.name] : (input.columns ?? []);
    return names.map((name) => ({ name, type: input.type }));
  });
}
