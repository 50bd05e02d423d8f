/** The host's commands as a shell runs them: what they print, and how they end. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { atEnd, cleanUp, repository, writeApp } from './fixture-app.ts';

describe('the command line', () => {
  afterEach(cleanUp);
  const main = join(repository, 'shared/host/main.ts');
  const command = async (...args: string[]): Promise<{ code: unknown; out: string; err: string }> => {
    const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    const read = async (stream: NodeJS.ReadableStream): Promise<string> => {
      let all = '';
      for await (const chunk of stream) all += String(chunk);
      return all;
    };
    const closed = once(child, 'close');
    const [out, err] = await Promise.all([read(child.stdout), read(child.stderr)]);
    return { code: (await closed)[0], out, err };
  };

  it('prints when a schedule fires, or what is wrong with it', async () => {
    const good = await command('next', '0 30 9 * * Mon', '--from', '2026-11-24T00:00:00Z', '--count', '2');
    expect(good).toMatchObject({ code: 0, out: '2026-11-30T09:30:00Z\n2026-12-07T09:30:00Z\n' });
    const bad = await command('next', '0 61 * * * *');
    expect(bad).toMatchObject({ code: 2, out: '' });
    expect(bad.err).toContain('its minute "61" is wrong');
    const never = await command('next', '0 0 0 31 2 *');
    expect(never).toMatchObject({ code: 0, out: '', err: 'it does not fire again\n' });
    for (const args of [
      ['start', '--prot', '1'],
      ['start', '--port=many'],
      ['start', '--port='],
      ['start', '--port'],
      ['next'],
      ['next', '* * * * *', '--count', '0'],
      ['next', '* * * * *', '--from', 'soon'],
      ['next', '* * * * *', '--odd'],
      ['start', '--script-root', '/nowhere', '--port', '0'],
      ['start', '--script-root', '/nowhere', '--port', '0', '--watch'],
    ])
      expect(await command(...args)).toMatchObject({ code: 2, out: '' });
    for (const folder of ['/nowhere', main])
      expect(await command('start', '--script-root', folder, '--port', '0')).toMatchObject({
        code: 2,
        err: `there is no folder ${folder}: --script-root names the app's\n`,
      });
    expect(await command('start', '--enableAuth')).toMatchObject({
      code: 2,
      err: expect.stringContaining('--enableAuth is not supported') as string,
    });
    expect(await command('dance')).toMatchObject({
      code: 2,
      err: expect.stringContaining('usage:') as string,
    });
  });

  it('runs an app until SIGTERM, and its child ends with it even when killed', async () => {
    for (const [signal, code] of [
      ['SIGTERM', 0],
      ['SIGKILL', null],
    ] as const) {
      const folder = writeApp({ code: `console.log('app of ' + process.pid);` });
      const child = spawn(process.execPath, [main, 'start', `--script-root=${folder}`, '--port', '0'], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const exited = once(child, 'exit');
      atEnd(() => void child.kill('SIGKILL'));
      let out = '';
      for await (const chunk of child.stdout) {
        out += String(chunk);
        if (out.includes('Functions:') && child.exitCode === null && !child.killed) child.kill(signal);
      }
      // The pipe has ended: supervisor and child, which both write to it, are gone.
      expect(out).toContain('app of ');
      expect((await exited)[0]).toBe(code);
    }
  });
});
