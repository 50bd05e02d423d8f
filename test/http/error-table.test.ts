/**
 * The whole table of errors (bes-contract.md, section 4): each code that a caller can bring about is brought about, and
 * its sentences are kept in error-table.txt, to be read. Codes that nobody can bring about are named with the reason.
 */
import { expect, test } from 'vitest';
import { makeApi } from './api.ts';
import { besErrors } from './bes-errors.ts';
import { codesInCode } from './codes-in-code.ts';
import { managementErrors } from './management-errors.ts';

const rows = [...besErrors, ...managementErrors];

const jobTime = 'ends a job: it stands in Details of its status, in the sentences of the scoring tests';
const alone = 'belongs to the request-response service, which Millpond is not';

/** Of the contract's table, and of ours. */
const notProvoked: Readonly<Record<string, string>> = {
  InputMismatchError: jobTime,
  InputParseError: jobTime,
  LibraryExecutionError: jobTime,
  ModuleExecutionError: jobTime,
  OutOfMemoryLimit: jobTime,
  MissingRequestInput: `${alone}; a missing input of a job is BatchJobInputsNotSpecified`,
  MissingRequiredOutputOverrides:
    'no override is required: the service has a place of its own for each output',
  TooManyConcurrentRequests:
    'RequestThrottled says it, of registrations; nothing else is refused for its number',
  NoMoreResources: 'a job waits for a VM for as long as it takes, with the reason in its status',
  PoolCreationAbandoned: 'needs a process that stands still for minutes in the middle of a creation',
  WebServiceHasNoPlan: 'a web service is not made without a plan',
  TooManyMoves: 'needs a hundred moves of one service between plans',
  RequestBodyTooSlow: 'needs a body that takes minutes; reading is tested with a shorter deadline',
  RequestTimedOut: 'needs a request of 100 s; the wrapper is tested with a shorter deadline',
};

/** Detail codes of the contract's table. */
const contractCodes = `BadParameterValue BadSubscriptionId BadVersionCall BatchJobInputsNotSpecified
  BatchJobInputsTooManySpecified BlobNotFound ContainerSegmentInvalid ContainerValidationFailed DuplicateInputInBatchCall
  InputBlobRelativeLocationInvalid InvalidBlob InvalidBlobConnectionString InvalidBlobExtension InvalidInputNames
  InvalidOutputOverrideName InvalidQueryParameter MissingInputBlobInformation MissingJobId
  MissingOutputOverrideSpecification MissingRequestInput MissingRequiredGlobalParameters MissingRequiredOutputOverrides
  RequestBodyInvalid RequestIsEmpty UnexpectedParameter UserParameterInvalid WebServiceIdInvalid InputMismatchError
  InputParseError CannotStartJob MultipleInputsNotAllowed LibraryExecutionError ModuleExecutionError
  ScoreRequestUnauthorized WebServiceNotFound WorkspaceNotFound WebServiceIdNotFoundInWorkspace JobNotFound PoolNotFound
  OutOfMemoryLimit NoMoreResources RequestThrottled TooManyConcurrentRequests`.split(/\s+/);

type Envelope = { error: { code: string; message: string; details: { code: string; message: string }[] } };

test('every error says its sentence', async () => {
  const lines: string[] = [];
  for (const [code, what, provoke] of rows) {
    const got = await provoke(await makeApi());
    const { error } = JSON.parse(got.text) as Envelope;
    expect([what, error.details[0]?.code]).toEqual([what, code]);
    lines.push(`${got.status} ${error.code} / ${code}: ${what}`);
    lines.push(`  ${error.message}`, ...error.details.map(({ message }) => `  ${message}`), '');
  }
  await expect(lines.join('\n')).toMatchFileSnapshot('error-table.txt');
}, 120_000);

test('no code is left out: of the contract, and of what our code says', () => {
  const known = new Set([...rows.map(([code]) => code), ...Object.keys(notProvoked)]);
  const missing = [...contractCodes, ...codesInCode()].filter((code) => !known.has(code));
  expect([...new Set(missing)]).toEqual([]);
});

test('a code that is brought about is not said to be impossible', () => {
  expect(rows.map(([code]) => code).filter((code) => code in notProvoked)).toEqual([]);
});
