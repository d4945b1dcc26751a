import { parseEngineInfo } from '@callweave/srf';
import { expect, test } from 'vitest';

test('an engine of ours tells its addresses and its instance id when it lets an application in', () => {
  const sockets = 'udp/10.0.0.5:5060,tcp/[2001:db8::1]:5060';
  const contacts = 'udp/192.0.2.1:5060,tcp/[2001:db8::1]:5060';
  expect(parseEngineInfo(contacts, 'v0.9.0+engine.abcdefghijklmnop', sockets)).toEqual({
    contacts: [
      { transport: 'udp', hostPort: '192.0.2.1:5060', local: '10.0.0.5:5060' },
      { transport: 'tcp', hostPort: '[2001:db8::1]:5060', local: '[2001:db8::1]:5060' },
    ],
    version: 'v0.9.0+engine.abcdefghijklmnop',
    instance: 'abcdefghijklmnop',
  });
});

test('an old drachtio-server tells no sockets, and has no instance id to tell', () => {
  expect(parseEngineInfo('udp/192.0.2.1:5060', 'v0.8.0').contacts).toMatchObject([{ local: '192.0.2.1:5060' }]);
  expect(parseEngineInfo('udp/192.0.2.1:5060', 'v0.8.26-2-gabcdef').instance).toBeUndefined();
});
