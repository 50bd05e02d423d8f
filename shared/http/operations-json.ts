/**
 * What Resource Manager clients can do here: `GET /providers/Microsoft.MachineLearning/operations` (bes-contract.md,
 * section 8).
 */
import type { OperationReply } from './plan-replies.ts';

const things = [
  ['webServices', 'Web service', ['read', 'write', 'delete', 'listKeys/action', 'createRegionalBlob/action']],
  ['commitmentPlans', 'Commitment plan', ['read', 'write', 'delete']],
  ['commitmentPlans/commitmentAssociations', 'Association of a commitment plan', ['read', 'move/action']],
  ['skus', 'SKU', ['read']],
] as const;

const verbs = {
  read: 'Read',
  write: 'Create or update',
  delete: 'Delete',
  'listKeys/action': 'List the keys of',
  'move/action': 'Move',
  'createRegionalBlob/action': 'Make regional credentials of',
} as const;

export const operationsJson: readonly OperationReply[] = things.flatMap(([resource, noun, operations]) =>
  operations.map((operation) => ({
    name: `Microsoft.MachineLearning/${resource}/${operation}`,
    display: {
      provider: 'Millpond',
      resource: noun,
      operation: verbs[operation],
      description: `${verbs[operation]} ${noun.toLowerCase()}`,
    },
  })),
);
