/** Bodies of a web service's PUT and PATCH (bes-contract.md, section 8; api.md): what Millpond can run, strictly. */
import { z } from 'zod';
import { limits } from '../core/limits.ts';
import { members, named, scalar, textOf } from './members.ts';
import { armCommon } from './plan-schemas.ts';

const name = textOf(1, limits.nameLengthMax);

const asset = members({
  id: z.string().exactOptional(),
  name: z.string().exactOptional(),
  type: z.enum(['Module', 'Resource']).exactOptional(),
  locationInfo: members({
    uri: textOf(1, 4_096),
    credentials: textOf(0, 4_096).exactOptional(),
  }),
  inputPorts: z.unknown().exactOptional(),
  outputPorts: z.unknown().exactOptional(),
  metadata: z.unknown().exactOptional(),
  parameters: z.unknown().exactOptional(),
});

const node = members({
  inputId: name.exactOptional(),
  outputId: name.exactOptional(),
  assetId: name.exactOptional(),
  parameters: z.unknown().exactOptional(),
});

const edge = members({
  sourceNodeId: name,
  targetNodeId: name,
  sourcePortId: z.string().exactOptional(),
  targetPortId: z.string().exactOptional(),
});

/** `{"value": 0.5}`, `{"value": {"value": 0.5}}` and `{}` all occur: `arm-webservices` can only send objects. */
const parameter = members({
  value: z.union([scalar, members({ value: scalar.exactOptional() })]).exactOptional(),
  certificateThumbprint: z.string().exactOptional(),
});

const properties = {
  title: textOf(0, 256).exactOptional(),
  description: textOf(0, 4_096).exactOptional(),
  createdOn: z.unknown().exactOptional(),
  modifiedOn: z.unknown().exactOptional(),
  provisioningState: z.unknown().exactOptional(),
  swaggerLocation: z.unknown().exactOptional(),
  keys: z.unknown().exactOptional(),
  readOnly: z.boolean().exactOptional(),
  exposeSampleData: z.boolean().exactOptional(),
  realtimeConfiguration: z.unknown().exactOptional(),
  diagnostics: z.unknown().exactOptional(),
  storageAccount: members({
    name: textOf(1, 63),
    key: textOf(1, 256).exactOptional(),
  }).exactOptional(),
  machineLearningWorkspace: members({ id: z.string() }).exactOptional(),
  commitmentPlan: members({ id: textOf(1, 1_024) }).exactOptional(),
  input: z.unknown().exactOptional(),
  output: z.unknown().exactOptional(),
  exampleRequest: z.unknown().exactOptional(),
  parameters: named(parameter).exactOptional(),
  packageType: z.enum(['Graph']).exactOptional(),
  package: members({
    nodes: named(node),
    edges: z.array(edge).max(100).exactOptional(),
    graphParameters: z.unknown().exactOptional(),
  }).exactOptional(),
  payloadsInBlobStorage: z.boolean().exactOptional(),
  payloadsLocation: z.unknown().exactOptional(),
};

export const serviceBody = members({
  ...armCommon,
  properties: members({ ...properties, assets: named(asset) }),
}).meta({
  id: 'WebServiceWish',
  description:
    'A web service: one ONNX model among its assets, between one input and one output. What is read-only is ignored.',
});
export type ServiceBody = z.output<typeof serviceBody>;

/** What is not given stays as it is. */
export const servicePatchBody = members({
  ...armCommon,
  properties: members({ ...properties, assets: named(asset).exactOptional() }).exactOptional(),
}).meta({
  id: 'WebServicePatch',
  description: 'Changes of a web service: what is not given stays as it is.',
});
export type ServicePatchBody = z.output<typeof servicePatchBody>;
