import { describe, expect, test } from 'vitest';
import { operatorCli } from './operator-cli.ts';

const callweave = operatorCli();

const forward = (...args: string[]) => callweave('users', 'forward', ...args);

describe('callweave users forward', () => {
  test('adds to what is set, says it, and forgets it when told so', async () => {
    expect(await callweave('users', 'add', 'bob')).toMatchObject({ code: 0 });
    expect(await forward('bob')).toEqual({ code: 0, stdout: 'bob\n  calls go to his phones\n', stderr: '' });
    await forward('bob', '--busy', '+49 30', '--ring', '20');
    expect(await forward('bob', '--unanswered', 'carol')).toMatchObject({
      stdout: 'bob\n  when busy: to +49 30\n  when not answered: to carol\n  his phones ring 20 s\n',
    });
    const other = await forward('bob', '--clear', '--always', 'dora', '--unreachable', 'voicemail');
    expect(other.stdout).toBe('bob\n  always: to dora\n  when unreachable: to voicemail\n');
    expect(await forward('bob')).toEqual(other);
    expect((await forward('bob', '--clear')).stdout).toBe('bob\n  calls go to his phones\n');
  });

  test('refuses users without an account and times nobody waits, exit 1', async () => {
    expect(await forward('nobody', '--busy', 'bob')).toMatchObject({
      code: 1,
      stderr: 'callweave: there is no account nobody\n',
    });
    for (const sec of ['0', '601', 'long']) expect(await forward('bob', '--ring', sec)).toMatchObject({ code: 1 });
  });
});
