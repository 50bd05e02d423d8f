/**
 * The load of the host's bench, in a process of its own: `URL CONNECTIONS MS`; each connection asks again once it is
 * answered. Prints JSON.
 */
import net from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { quantile } from './measures.ts';

export type Load = { readonly perSecond: number; readonly p99Ms: number; readonly failed: number };

const warmUpMs = 700;
const [url = '', connections = '', ms = ''] = process.argv.slice(2);
const { hostname, port, pathname } = new URL(url);
const request = `GET ${pathname} HTTP/1.1\r\nHost: ${hostname}\r\n\r\n`;
const times: number[] = [];
let failed = 0;

for (let count = 0; count < Number(connections); count++) ask(net.connect(Number(port), hostname));
await pause(warmUpMs);
times.length = 0;
const beganMs = performance.now();
await pause(Number(ms));
const seconds = (performance.now() - beganMs) / 1_000;
const load: Load = { perSecond: times.length / seconds, p99Ms: quantile(times, 0.99), failed };
process.stdout.write(JSON.stringify(load), () => process.exit(0));

/** By hand, since an HTTP client would take more of the machine than the servers do. */
function ask(socket: net.Socket): void {
  let text = '';
  let askedMs = 0;
  const send = (): void => {
    text = '';
    askedMs = performance.now();
    socket.write(request);
  };
  socket.setNoDelay().setEncoding('latin1');
  socket.on('connect', send).on('error', () => failed++);
  socket.on('data', (chunk: string) => {
    text += chunk;
    const length = /content-length: (\d+)/i.exec(text)?.[1];
    const end = text.indexOf('\r\n\r\n');
    if (end < 0 || length === undefined || text.length < end + 4 + Number(length)) return;
    if (!text.startsWith('HTTP/1.1 200')) failed++;
    times.push(performance.now() - askedMs);
    send();
  });
}
