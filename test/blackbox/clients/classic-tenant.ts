/** A classic web service beside a tenant's new one, as the operator and the account make it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { operatorKey, type Instance, type Tenant } from '../instance.ts';
import type { Service } from './journey.ts';

const sample = join(import.meta.dirname, '../../../shared/samples/adult-census/adult-lr.onnx');

export type Classic = Service & {
  readonly workspaceId: string;
  readonly serviceId: string;
  /** A reference to the model, uploaded. */
  readonly model: {
    readonly BaseLocation: string;
    readonly RelativeLocation: string;
    readonly SasBlobToken: string;
  };
};

export async function makeClassicService(
  instance: Instance,
  tenant: Tenant,
  workspaceId: string,
): Promise<Classic> {
  const must = async (method: string, path: string, key: string, body?: unknown) => {
    const reply = await instance.call(method, path, key, body);
    if (reply.status >= 300) throw new Error(`${method} ${path}: ${reply.status} ${reply.text}`);
    return reply.json as Record<string, unknown>;
  };
  const { subscriptionId, accountKey, planPath } = tenant;
  const tie = { subscriptionId, commitmentPlanId: planPath };
  await must('PUT', `/operator/workspaces/${workspaceId}`, operatorKey, tie);
  const upload = await must('POST', `/subscriptions/${subscriptionId}/uploads`, accountKey, {
    name: 'm.onnx',
  });
  const headers = { 'x-ms-blob-type': 'BlockBlob' };
  await fetch(String(upload['UploadUrl']), { method: 'PUT', headers, body: readFileSync(sample) });
  const model = upload['Input'] as Classic['model'];
  const locationInfo = { uri: model.BaseLocation + model.RelativeLocation, credentials: model.SasBlobToken };
  const path = `/workspaces/${workspaceId}/webservices/adult`;
  const made = await must('PUT', path, accountKey, { properties: { assets: { model: { locationInfo } } } });
  const { swaggerLocation } = made['properties'] as { swaggerLocation: string };
  const keys = await must('GET', `${path}/listKeys`, accountKey);
  const serviceId = swaggerLocation.split('/').at(-2) ?? '';
  return {
    url: swaggerLocation.replace('/swagger.json', ''),
    key: String(keys['primary']),
    workspaceId,
    serviceId,
    model,
  };
}
