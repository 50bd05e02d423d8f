/** Nothing is left without what it belongs to: a pool has its web service, a service its definition. */
import type { Service } from '../../../shared/core/service.ts';
import { tagOf } from '../../../shared/core/ids.ts';
import { tables } from '../../../shared/storage/row-places.ts';
import type { MakeCheck } from './check.ts';

export const belongings: MakeCheck = ({ storage, blobs, violations }) => {
  const { shadow } = storage;
  const bad = (text: string, ids: readonly string[]) => violations.add('belongings', text, ids);
  storage.onChange('pool', ({ before, after }) => {
    if (before !== undefined || after?.kind !== 'active' || after.serviceId === undefined) return;
    if (shadow.get('service', after.subscriptionId, `service|${after.serviceId}`) === undefined)
      bad(`pool ${after.poolId} was made for a service that is not there`, [after.poolId]);
  });
  storage.onChange('service', ({ before, after }, { pk }) => {
    if (after !== undefined && !after.definition.startsWith(`${pk}/${after.serviceId}/`))
      bad(`service ${after.serviceId} names ${after.definition}, which will be swept`, [after.serviceId]);
    if (before === undefined || after !== undefined) return;
    for (const rk of shadow.rows(tables.accounts, pk).keys()) {
      if (!rk.startsWith('pool|')) continue;
      const pool = shadow.get('pool', tagOf(rk.slice('pool|'.length)), 'm');
      if (pool?.serviceId === before.serviceId && pool.kind !== 'deleted')
        bad(`service ${before.serviceId} was deleted under pool ${pool.poolId}`, [pool.poolId]);
    }
  });
  return {
    atRest() {
      for (const pk of shadow.partitions(tables.accounts)) {
        for (const [rk, row] of shadow.rows(tables.accounts, pk)) {
          if (!rk.startsWith('service|')) continue;
          const { definition, serviceId } = row as Service;
          if (!blobs.hasOwn('millpond-services', definition))
            bad(`the definition of service ${serviceId} is gone`, [serviceId]);
        }
      }
    },
  };
};
