/** A large file on its way to a blob: in blocks made as they are sent, so that it is never held as a whole. */
import { createHash } from 'node:crypto';

const blockMb = 4;

/** Gives the SHA-256 of what was sent. */
export async function blobPut(url: string, megabytes: number): Promise<string> {
  const hash = createHash('sha256');
  const ids: string[] = [];
  for (let at = 0; at < megabytes; at += blockMb) {
    const block = Buffer.alloc(Math.min(blockMb, megabytes - at) * 1_048_576, `${at},`);
    hash.update(block);
    const id = Buffer.from(String(at).padStart(8, '0')).toString('base64');
    ids.push(id);
    await must(`${url}&comp=block&blockid=${encodeURIComponent(id)}`, block);
  }
  const list = ids.map((id) => `<Latest>${id}</Latest>`).join('');
  await must(`${url}&comp=blocklist`, `<?xml version="1.0" encoding="utf-8"?><BlockList>${list}</BlockList>`);
  return hash.digest('hex');
}

async function must(url: string, body: Buffer<ArrayBuffer> | string): Promise<void> {
  const reply = await fetch(url, { method: 'PUT', body });
  if (!reply.ok) throw new Error(`the storage answered ${reply.status}`);
}
