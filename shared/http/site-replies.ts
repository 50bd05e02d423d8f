/** What is open to everybody: the process's health, and the document of the API. */
import { z } from 'zod';
import { open, shape, time } from './reply-schemas.ts';

export const healthReply = shape('Health', 'Whether the service can work.', {
  status: z.enum(['ok', 'unavailable']),
  version: z.string(),
  storage: z.enum(['ok', 'unreachable']),
  compute: z
    .enum(['ok', 'elsewhere', 'unavailable'])
    .describe('elsewhere: another host on the same storage looks after the VMs.'),
  lastTick: time.nullable().describe('When the timer last ran to its end in this process.'),
});

export const openApiReply = open('OpenApi', 'This document.');
