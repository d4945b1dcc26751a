import { authProfile, edgeProfile, registrarProfile, serviceProfiles } from '@callweave/contracts';
import { describe, expect, test } from 'vitest';
import { natsPermissions } from '../src/permissions.ts';

describe('permissions of a service’s NATS user', () => {
  test.each(serviceProfiles.map((profile) => [profile.name, profile] as const))(
    '%s may subscribe to its own inbox and to what it answers, nothing else',
    (name, profile) => {
      const { allow } = natsPermissions(profile).subscribe;
      const served = profile.serves.flatMap(({ filter }) => [filter, `${filter}.*`]);
      expect(allow.filter((subject) => !subject.startsWith('$SRV.'))).toEqual([`_INBOX_${name}.>`, ...served]);
    },
  );

  test('only auth reaches the accounts', () => {
    const reaching = serviceProfiles.filter((profile) =>
      natsPermissions(profile).publish.allow.some((subject) => subject.includes('subscribers')),
    );
    expect(reaching).toEqual([authProfile]);
  });

  test('a service writes leases of its own name only', () => {
    const { allow } = natsPermissions(edgeProfile).publish;
    expect(allow).toContain('$KV.instances.edge-signaling.*');
    expect(allow).not.toContain('$KV.instances.>');
  });

  test('the registrar tells registrations, and asks edges for nothing but to keep devices alive', () => {
    const { allow } = natsPermissions(registrarProfile).publish;
    expect(allow.filter((subject) => subject.startsWith('callweave.'))).toEqual([
      'callweave.rpc.edge.*.keep-alive',
      'callweave.rpc.edge.*.keep-alive.*',
      'callweave.rpc.edge.keep-alive',
      'callweave.rpc.edge.keep-alive.*',
      'callweave.registration.v1.*.*.added',
      'callweave.registration.v1.*.*.refreshed',
      'callweave.registration.v1.*.*.removed',
    ]);
  });

  test('an answer is allowed once, as long as its service may take over it, and to nobody who answers nothing', () => {
    const responses = serviceProfiles.map((profile) => [profile.name, natsPermissions(profile).allow_responses]);
    const quick = { max: 1, expires: '15s' };
    expect(Object.fromEntries(responses)).toEqual({
      registrar: quick,
      'auth-challenge-affinity': quick,
      'edge-signaling': { max: 1, expires: '40s' },
      'call-routing': quick,
      'media-control': quick,
      console: undefined,
    });
  });

  test('nobody may subscribe to everything', () => {
    const wide = serviceProfiles.flatMap((profile) =>
      natsPermissions(profile).subscribe.allow.filter((subject) => /^(?:>|\*|_INBOX\.|\$JS|\$KV)/.test(subject)),
    );
    expect(wide).toEqual([]);
  });
});
