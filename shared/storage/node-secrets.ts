/** `Secrets` over node:crypto: everything is derived from one master secret, nothing is stored. */
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  hash,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto';
import type { Secrets } from '../app/ports.ts';
import { SealFault } from '../app/seal-fault.ts';

const masterBytesMin = 32;
const ivBytes = 12;
const tagBytes = 16;
const keyIdDigits = 8;
/** Raised when the format of sealed texts changes. */
const sealVersion = 'v1';

/** `earlierSecrets`: still opened with, no longer sealed or derived with, while a master secret is replaced. */
export type SecretsOptions = {
  /** At least 32 bytes. */
  readonly masterSecret: Uint8Array;
  readonly earlierSecrets?: readonly Uint8Array[];
  readonly operatorKey: string;
};

/** @throws when a master secret is too short */
export function makeNodeSecrets(options: SecretsOptions): Secrets {
  const { masterSecret, earlierSecrets = [], operatorKey } = options;
  const current = sealKeyOf(masterSecret);
  const openers = new Map([masterSecret, ...earlierSecrets].map(sealKeyOf).map((key) => [key.id, key.bytes]));
  return {
    key: (owner, slot, version) =>
      derive(masterSecret, 'api-key', owner.kind, owner.id, slot, String(version)).toString('base64'),
    vmToken: (vmId) => derive(masterSecret, 'vm-token', vmId).toString('base64url'),
    operatorKey,
    // Hashes have one length, so that neither content nor length can be timed.
    same: (a, b) => timingSafeEqual(hash('sha256', a, 'buffer'), hash('sha256', b, 'buffer')),
    seal: (plain, context) => `${sealVersion}.${current.id}.${encrypt(current.bytes, plain, context)}`,
    open(sealed, context) {
      const [version, keyId, body, ...rest] = sealed.split('.');
      if (version !== sealVersion || keyId === undefined || body === undefined || rest.length > 0) {
        throw new SealFault('This is no sealed text of a version that this program opens.');
      }
      const key = openers.get(keyId);
      if (key === undefined) {
        throw new SealFault(`It was sealed with another master secret (key ${keyId.slice(0, keyIdDigits)}).`);
      }
      return decrypt(key, body, context);
    },
    sha256: (data) => hash('sha256', data),
  };
}

/** The parts are told apart by their JSON: no two lists of them give one text. */
function derive(master: Uint8Array, ...parts: string[]): Buffer {
  return createHmac('sha512', master)
    .update(JSON.stringify(['millpond', ...parts]))
    .digest();
}

function sealKeyOf(master: Uint8Array): { id: string; bytes: Uint8Array } {
  if (master.byteLength < masterBytesMin) {
    throw new Error(`A master secret has at least ${masterBytesMin} bytes, not ${master.byteLength}.`);
  }
  const bytes = derive(master, 'seal').subarray(0, 32);
  const id = derive(master, 'seal-key-id').toString('hex').slice(0, keyIdDigits);
  return { id, bytes };
}

function encrypt(key: Uint8Array, plain: string, context: string): string {
  const iv = randomBytes(ivBytes);
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(context));
  const body = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()]);
  return Buffer.concat([iv, cipher.getAuthTag(), body]).toString('base64url');
}

function decrypt(key: Uint8Array, text: string, context: string): string {
  const all = Buffer.from(text, 'base64url');
  if (all.byteLength < ivBytes + tagBytes) throw new SealFault('The sealed text is cut short.');
  const iv = all.subarray(0, ivBytes);
  const decipher = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: tagBytes })
    .setAAD(Buffer.from(context))
    .setAuthTag(all.subarray(ivBytes, ivBytes + tagBytes));
  try {
    const plain = [decipher.update(all.subarray(ivBytes + tagBytes)), decipher.final()];
    return Buffer.concat(plain).toString('utf8');
  } catch {
    throw new SealFault('The sealed text was changed, or it was sealed for another context.');
  }
}
