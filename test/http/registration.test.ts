/** What is wrong with a registration is said in a sentence that names the place and the remedy, and no secret. */
import { beforeEach, expect, test } from 'vitest';
import { makeApi, type Api } from './api.ts';
import { detailOf } from './calls.ts';
import { connectionString } from '../app/world.ts';

let api: Api;
beforeEach(async () => {
  api = await makeApi();
});

test.each<[string, object, string, RegExp]>([
  [
    'both forms of input',
    { Inputs: { input1: { RelativeLocation: 'x' } } },
    'DuplicateInputInBatchCall',
    /Input and Inputs/,
  ],
  [
    'a misspelt member',
    { GolbalParameters: {} },
    'RequestBodyInvalid',
    /unknown member "GolbalParameters"\. Did you mean "GlobalParameters"\?/,
  ],
  [
    'a misspelt member of a reference',
    { Input: { ConnetionString: 'x' } },
    'RequestBodyInvalid',
    /^Input has an unknown member "ConnetionString"\. Did you mean "ConnectionString"\?/,
  ],
  [
    'a number for a connection string',
    { Input: { ConnectionString: 5 } },
    'RequestBodyInvalid',
    /^Input\.ConnectionString must be a text/,
  ],
  ['a list of inputs', { Input: null, Inputs: [] }, 'RequestBodyInvalid', /Inputs must be a JSON object/],
  [
    'no input',
    { Input: { ConnectionString: null, RelativeLocation: null } },
    'BatchJobInputsNotSpecified',
    /input1/,
  ],
  [
    'an unknown input',
    { Input: null, Inputs: { Input1: { RelativeLocation: 'x' } } },
    'InvalidInputNames',
    /"Input1".*Did you mean "input1"\?/,
  ],
  [
    'an unknown output',
    { Outputs: { out: { RelativeLocation: 'x' } } },
    'InvalidOutputOverrideName',
    /"out"/,
  ],
  ['an unknown parameter', { GlobalParameters: { Threshold: 0.5 } }, 'UnexpectedParameter', /"Threshold"/],
  [
    'an object for a parameter',
    { GlobalParameters: { Threshold: {} } },
    'BadParameterValue',
    /GlobalParameters\.Threshold must be a string, a number or a boolean; it was a value of type object/,
  ],
  [
    'a text that is too long and may not be shown',
    { Input: { ConnectionString: 'A'.repeat(9_000) } },
    'BadParameterValue',
    /Input\.ConnectionString must be a text of 0 to 8,192 characters; it was a text of 9,000 characters\.$/,
  ],
  [
    'a text for an object',
    { Input: 'inputs/x.csv' },
    'RequestBodyInvalid',
    /Input must be a JSON object; it was "inputs\/x\.csv"\.$/,
  ],
  [
    'a pool that is none',
    { AzureBatchPoolId: 'f'.repeat(32) },
    'PoolNotFound',
    /names no pool of this account/,
  ],
  [
    'a spreadsheet',
    { Input: { ConnectionString: 'CONNECTION', RelativeLocation: 'inputs/x.xlsx' } },
    'InvalidBlobExtension',
    /Supported file extensions/,
  ],
  [
    'a trained model',
    { Outputs: { output1: { ConnectionString: 'CONNECTION', RelativeLocation: 'outputs/x.ilearner' } } },
    'InvalidBlobExtension',
    /trains no models/,
  ],
  [
    'half a character in a name',
    { Outputs: { '\ud83d': { RelativeLocation: 'x' } } },
    'BadParameterValue',
    /^Outputs must have names without half of a surrogate pair/,
  ],
  [
    'half a character in a parameter',
    { GlobalParameters: { Threshold: 'x\udc00' } },
    'BadParameterValue',
    /^GlobalParameters\.Threshold must be a text without half of a surrogate pair .*; it was "x\udc00"\.$/,
  ],
])('a registration with %s', async (_, more, code, message) => {
  const body = JSON.stringify(api.jobBody(more)).replaceAll(
    '"CONNECTION"',
    JSON.stringify(connectionString(api.world)),
  );
  const got = await api.register(body);
  expect(got.status).toBeLessThan(500);
  expect(detailOf(got).code).toBe(code);
  expect(detailOf(got).message).toMatch(message);
  const key = /AccountKey=([^;]+)/.exec(connectionString(api.world))?.[1] ?? '';
  expect(got.text + got.log.join('')).not.toContain(key);
});
