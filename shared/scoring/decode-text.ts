/** Makes a string of a cell's bytes, or refuses to where the model would see another one. */

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** What `decodeText` takes: the runtime ends a text at a NUL, which would make it another value. */
export const decodableText = 'text in UTF-8 without NUL bytes';

/** Decodes `bytes[start, end)`; undefined when it is not what `decodableText` says. */
export function decodeText(bytes: Uint8Array, start: number, end: number): string | undefined {
  let high = 0;
  for (let i = start; i < end; i++) {
    const byte = bytes[i] as number;
    if (byte === 0) return undefined;
    high |= byte;
  }
  if (high < 0x80) {
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1', start, end);
  }
  try {
    return utf8.decode(bytes.subarray(start, end));
  } catch {
    return undefined;
  }
}
