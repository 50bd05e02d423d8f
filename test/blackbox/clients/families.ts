/** The clients that exist, each by what it is known to send (bes-contract.md, sections 1 to 3). */
import { clientOf, joined, resolved, type Family } from './wire-client.ts';

const json = { 'content-type': 'application/json' };
const everyMs = 50;

/** `https` of Node and the request library: takes nothing but a 200 for a start. */
const node: Family = {
  register: { headers: json },
  start: { headers: json },
  poll: { headers: {}, everyMs },
  startedBy: [200],
  deletes: { headers: {}, query: '?api-version=2.0' },
  resultUrl: resolved,
};

/** RCurl and httr: a form without anything in it starts the job; Expect with every body. */
const r: Family = {
  register: { headers: { ...json, accept: '*/*', 'user-agent': 'libcurl R-curl' }, as: 'expecting' },
  start: { headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: '' },
  poll: { headers: { ...json, accept: 'application/json, text/xml' }, everyMs },
  startedBy: [200, 204],
  deletes: { headers: { ...json, 'content-length': '0' }, query: '?api-version=2.0' },
  resultUrl: joined,
};

const java = {
  accept: 'text/json',
  'accept-charset': 'UTF-8',
  'content-type': 'text/json',
  'content-encoding': 'UTF-8',
};

/** Apache's HttpClient: `text/json`, and a charset where an encoding belongs. */
const javaClient: Family = {
  register: { headers: java },
  start: { headers: java, body: '' },
  poll: { headers: { ...java, 'content-length': '0' }, everyMs },
  startedBy: [200, 204],
  deletes: { headers: { ...java, 'content-length': '0' }, query: '' },
  resultUrl: joined,
};

/** HttpClient of .NET Framework: PostAsJsonAsync sends chunks and waits for 100 Continue; PostAsync(url, null). */
const dotnet: Family = {
  register: { headers: { 'content-type': 'application/json; charset=utf-8' }, as: 'expecting' },
  start: { headers: { 'content-length': '0' } },
  poll: { headers: { accept: 'application/json' }, everyMs },
  startedBy: [200, 204],
  deletes: { headers: {}, query: '' },
  resultUrl: resolved,
};

/** HttpClient of .NET today: chunks at once, the start with `{}`. */
const dotnetCore: Family = {
  ...dotnet,
  register: { headers: { 'content-type': 'application/json; charset=us-ascii' }, as: 'chunked' },
  start: { headers: { 'content-type': 'application/json; charset=utf-8' }, body: '{}' },
};

/** Asks again as soon as it has an answer, on a new connection each time. */
const hasty: Family = { ...node, poll: { headers: { connection: 'close' }, everyMs: 0 } };

/** Repeats its key in a header of its own. */
const powershell: Family = {
  ...node,
  register: { headers: { ...json, 'x-ms-metaanalytics-authorizationtoken': 'Bearer of-nothing' } },
  start: { headers: json, body: '' },
};

export const families = {
  'Node on http': clientOf(node),
  'R with a form': clientOf(r),
  'Java with text/json': clientOf(javaClient),
  '.NET Framework, chunked and expecting': clientOf(dotnet),
  '.NET, chunked': clientOf(dotnetCore),
  PowerShell: clientOf(powershell),
  'a poller without pause': clientOf(hasty),
};
