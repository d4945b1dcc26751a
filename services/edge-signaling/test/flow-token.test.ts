import { InstanceId } from '@callweave/contracts';
import { expect, test } from 'vitest';
import { type Flow, openFlow, sealFlow } from '../src/flow-token.ts';

const key = Buffer.from('0123456789abcdef');
const flow: Flow = {
  instance: InstanceId.parse('abcdefghijklmnop'),
  transport: 'udp',
  local: '[::1]:5060',
  remote: '192.0.2.1:1024',
};

test('a flow comes back from its token', () => {
  expect(openFlow(sealFlow(flow, key), key)).toEqual(flow);
});

test('a token that was changed, cut or sealed by somebody else is not believed', () => {
  const token = sealFlow(flow, key);
  expect(openFlow(sealFlow(flow, Buffer.from('another key')), key)).toBeUndefined();
  for (let at = 0; at < token.length; at += 3) {
    const forged = token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1);
    expect(openFlow(forged, key)).toBeUndefined();
    expect(openFlow(token.slice(0, at), key)).toBeUndefined();
  }
});
