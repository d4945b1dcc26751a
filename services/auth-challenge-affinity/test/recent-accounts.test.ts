import { FakeClock } from '@callweave/clock/testing';
import { defaultTenant, type Subscriber, User } from '@callweave/contracts';
import { describe, expect, test } from 'vitest';
import { RecentAccounts } from '../src/recent-accounts.ts';

function account(user: string): Subscriber {
  const ha1 = { MD5: 'aa' };
  return { tenant: defaultTenant, user: User.parse(user), realm: 'callweave', ha1, strongestUsed: 'MD5', createdAt: 0 };
}

describe('an account that was read for a challenge', () => {
  test('serves the answer to it, and is read again two seconds later', () => {
    const clock = new FakeClock();
    const recent = new RecentAccounts(clock);
    const alice = account('alice');
    recent.put(alice);
    clock.advance(1_999);
    expect(recent.get('default', 'alice')).toBe(alice);
    clock.advance(1);
    expect(recent.get('default', 'alice')).toBeUndefined();
  });

  test("is nobody else's, and forgotten when it changes", () => {
    const recent = new RecentAccounts(new FakeClock());
    const alice = account('alice');
    recent.put(alice);
    expect(recent.get('default', 'bob')).toBeUndefined();
    expect(recent.get('other', 'alice')).toBeUndefined();
    recent.delete(alice);
    expect(recent.get('default', 'alice')).toBeUndefined();
  });

  test('makes room for others when there are very many', () => {
    const recent = new RecentAccounts(new FakeClock());
    for (let n = 0; n < 20_001; n++) recent.put(account(`user${String(n)}`));
    expect(recent.get('default', 'user0')).toBeUndefined();
    expect(recent.get('default', 'user20000')).toBeDefined();
  });
});
