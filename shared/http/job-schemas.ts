/** Bodies of a job's registration and of retraining (bes-contract.md, sections 1 and 2). */
import { z } from 'zod';
import { members, named, scalar, textOf } from './members.ts';

const location = textOf(0, 8_192).exactOptional();

const blobMembers = {
  ConnectionString: location,
  RelativeLocation: location,
  BaseLocation: location,
  SasBlobToken: location,
};

/** `FullURL` comes from a real client, in every reference. */
const blobRef = members(blobMembers, ['FullURL']).meta({
  id: 'BlobRef',
  description:
    'A blob: ConnectionString and RelativeLocation, or BaseLocation, RelativeLocation and SasBlobToken. RelativeLocation is container/path/name.csv.',
});

/** A blob in the place of the names is told as that: otherwise each of its texts would be called no JSON object. */
function blobsByName(example: string, otherwise = '') {
  const error = `must map names to blobs, {"${example}": {...}}${otherwise}`;
  return named(blobRef, (given) =>
    Object.keys(blobMembers).some((name) => typeof given[name] === 'string') ? error : undefined,
  );
}

export const registerBody = members({
  Input: blobRef.exactOptional(),
  Inputs: blobsByName('input1', '; one blob by itself belongs in Input').exactOptional(),
  Outputs: blobsByName('output1').exactOptional(),
  GlobalParameters: named(scalar).exactOptional(),
  AzureBatchPoolId: textOf(0, 128)
    .describe('The pool to run on; absent: classic processing.')
    .exactOptional(),
}).meta({
  id: 'Job',
  description: 'A job: Input or Inputs by name, where outputs go, and parameters of the web service.',
});

/** Studio's name of the trained model is of no use here: a web service has one. */
const resource = members({ Name: textOf(0, 256).exactOptional(), Location: blobRef });

export const retrainBody = members({
  Resources: z.array(resource, { error: 'must be a JSON array' }).length(1, {
    error: 'must have exactly one member, since the web service has one model',
  }),
}).meta({ id: 'Retraining', description: 'The model that takes the place of the present one.' });
