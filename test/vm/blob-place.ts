/** A container on Azurite with what a job needs: uploads, SAS handles, assignments. */
import { createHash, randomBytes } from 'node:crypto';
import {
  BlobSASPermissions,
  BlobServiceClient,
  type BlockBlobClient,
  type ContainerClient,
} from '@azure/storage-blob';
import type { Assignment, InputHandle, OutputHandle } from '../../shared/core/vm-protocol.ts';

export type BlobPlace = {
  readonly container: ContainerClient;
  blob(name: string): BlockBlobClient;
  text(name: string): Promise<string>;
  /** Uploads and describes it as the service would at the start of a job. */
  input(name: string, content: string | Uint8Array): Promise<InputHandle>;
  inputSas(name: string, permissions: string, endsMs?: number): Promise<string>;
  output(name: string, permissions?: string, endsMs?: number): Promise<OutputHandle>;
  model(bytes: Uint8Array): Promise<Assignment['model']>;
};

export async function makeBlobPlace(connectionString: string): Promise<BlobPlace> {
  const service = BlobServiceClient.fromConnectionString(connectionString);
  const container = service.getContainerClient(`test-${randomBytes(6).toString('hex')}`);
  await container.create();
  const sas = async (name: string, permissions: string, endsMs = 3_600_000): Promise<string> =>
    container.getBlobClient(name).generateSasUrl({
      permissions: BlobSASPermissions.parse(permissions),
      startsOn: new Date(Date.now() - 7_200_000),
      expiresOn: new Date(Date.now() + endsMs),
    });
  const blob = (name: string) => container.getBlockBlobClient(name);
  return {
    container,
    blob,
    text: async (name) => (await blob(name).downloadToBuffer()).toString(),
    input: async (name, content) => {
      const bytes = Buffer.from(content);
      const { etag = '' } = await blob(name).upload(bytes, bytes.length);
      return {
        url: await sas(name, 'r'),
        etag,
        bytes: bytes.length,
        name: `${container.containerName}/${name}`,
        reads: 'table',
      };
    },
    inputSas: sas,
    output: async (name, permissions = 'rcw', endsMs) => ({
      url: await sas(name, permissions, endsMs),
      name: `${container.containerName}/${name}`,
      readable: permissions.includes('r'),
    }),
    model: async (bytes) => {
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      await blob(`models/${sha256}`).uploadData(bytes);
      return { url: await sas(`models/${sha256}`, 'r'), sha256, bytes: bytes.length };
    },
  };
}

export function randomId(): string {
  return randomBytes(16).toString('hex');
}

export async function assignmentOf(
  parts: Pick<Assignment, 'model'> & { input: InputHandle; output: OutputHandle } & Partial<Assignment>,
): Promise<Assignment> {
  const { input, output, ...rest } = parts;
  return {
    jobId: randomId(),
    attempt: 1,
    inputs: { input1: input },
    outputs: { output1: output },
    // Tests of rows at fault name a place of their own.
    errors: { ...output, name: `${output.name}.errors.csv` },
    rowErrors: { kind: 'fail' },
    parameters: {},
    beatMs: 100,
    limits: { runMs: 600_000, memoryMb: 4_096 },
    ...rest,
  };
}
