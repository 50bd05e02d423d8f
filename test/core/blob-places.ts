/** Canary secrets and shorthands for the tests of connection strings and blob references. */
import { expect } from 'vitest';
import { parseBlobRef, type BlobPlace, type BlobRef } from '../../shared/core/blob-ref.ts';
import type { BlobUse } from '../../shared/core/blob-name.ts';
import type { Refused } from '../../shared/core/refusal.ts';

/** 64 bytes, as Azure's keys are; searched for in every message. */
export const canaryKey = Buffer.from(
  'canary key canary key canary key canary key canary key canary k!',
).toString('base64');
export const canarySignature = 'CanarySignature%2BCanarySignature%2FCanarySig%3D';
export const canarySas = `?sv=2024-11-04&sr=b&sp=r&se=2030-01-01T00%3A00%3A00Z&sig=${canarySignature}`;

export const emulator = 'http://127.0.0.1:10000/devstoreaccount1';
export const azure = { allowedHosts: ['blobs.example.org', '10.0.0.5:8443'] };
export const local = { ...azure, emulatorEndpoint: emulator };

export const csv: BlobUse = { path: 'Inputs.input1', role: 'data-in' };
export const connection = `DefaultEndpointsProtocol=https;AccountName=acct;AccountKey=${canaryKey};EndpointSuffix=core.windows.net`;

export function placeIn(ref: BlobRef, trust = azure, use = csv): BlobPlace {
  const parsed = parseBlobRef(ref, use, trust);
  if (parsed.kind === 'refused') throw new Error(textOf(parsed));
  return parsed.place;
}

export function refusalIn(ref: BlobRef, trust = azure, use = csv): { code: string; text: string } {
  const parsed = parseBlobRef(ref, use, trust);
  if (parsed.kind !== 'refused') throw new Error(`taken: ${parsed.place.endpoint}/${parsed.place.container}`);
  expect(parsed.status).toBe(400);
  expectNoSecret(parsed);
  return { code: parsed.details[0]?.code ?? '', text: textOf(parsed) };
}

export function expectNoSecret(refused: Refused): void {
  const text = JSON.stringify(refused);
  for (const secret of [canaryKey, canarySignature, canaryKey.slice(0, 12), 'CanarySignature']) {
    expect(text).not.toContain(secret);
  }
}

function textOf(refused: Refused): string {
  return refused.details.map((detail) => detail.message).join(' ');
}
