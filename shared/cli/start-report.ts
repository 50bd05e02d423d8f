/** What `npm start` says once it is ready: where everything is, and what to do next. */
import { styleText } from 'node:util';
import type { RunningInstance } from './run-instance.ts';

export function startReport(instance: RunningInstance, directory: string, tookMs: number): string {
  const { url, azurite, settings } = instance;
  const storage = azurite
    ? `Azurite: blob ${azurite.ports.blob}, queue ${azurite.ports.queue}, table ${azurite.ports.table}`
    : 'as AzureWebJobsStorage says';
  const account = `${url}/operator/accounts/${exampleSubscription}`;
  return [
    ...settings.warnings.map((warning) => `${styleText('yellow', 'Warning:')} ${warning}`),
    `${styleText('green', 'Millpond is ready')} on ${styleText('bold', url)} after ${(tookMs / 1_000).toFixed(1)} s.`,
    '',
    `  data          ${directory}`,
    `  host log      ${directory}/host.log`,
    `  storage       ${storage}`,
    `  operator key  ${settings.operatorKey}`,
    '',
    'Next, in another terminal:',
    '',
    '  npm run demo        the whole job: a pool of 2 VMs, seven batch jobs, the bill',
    '',
    '  or make an account of your own and go on as the README says:',
    '',
    `  curl -X PUT ${account} \\`,
    `    -H 'Authorization: Bearer ${settings.operatorKey}' \\`,
    `    -H 'Content-Type: application/json' -d '{"maxPools": 3, "maxVmsPerPool": 8}'`,
    '',
    'Ctrl-C stops everything and keeps the data.',
    '',
  ].join('\n');
}

const exampleSubscription = '11111111111111111111111111111111';
