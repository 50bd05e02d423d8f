/** No secret lies in a row in the clear: a planted account key is looked for in all rows that are written out. */
import type { MakeCheck } from './check.ts';
import { storageKey } from '../sim-blobs.ts';

export const noSecrets: MakeCheck = ({ storage, violations }) => {
  storage.onWrite((pk, op) => {
    if (op.do === 'remove') return;
    const { body } = op.properties;
    if (typeof body === 'string' && (body.includes(storageKey) || body.includes('sig=')))
      violations.add('no-secrets', `${pk} ${op.rk} holds a key or a signature`, [op.rk]);
  });
  return {};
};
