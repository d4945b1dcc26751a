import { expect, test } from 'vitest';
import { readLadder } from './ladder-text.ts';
import { registerScenario, scenarioOf, type Speaker } from './phone-script.ts';

const speaker: Speaker = {
  user: 'alice-1',
  password: 'secret',
  target: 'sip:bob-1@h',
  values: new Map([['carol', 'carol-1']]),
};

/** The parts of a scenario that matter, a line each. */
function steps(ladder: string): string[] {
  const scenario = scenarioOf(readLadder(ladder), speaker);
  const lines = scenario.split('\n').map((line) => line.trim());
  return lines.filter((line) => /^<(?:recv|pause)|^[A-Z]+ \S+ SIP|^SIP|^(?:To|CSeq|RAck|Refer-To|a=send)/.test(line));
}

test('who calls proves himself, acknowledges, and sends what follows within the dialog', () => {
  const calls = steps(`
    → INVITE sendrecv challenged
    ← 200 INVITE
    → ACK
    · 200 ms
    → REFER | Refer-To: <sip:{carol}@h>
    ← 202 REFER`);
  expect(calls).toEqual([
    ...['INVITE sip:bob-1@h SIP/2.0', 'To: <sip:bob-1@h>', 'CSeq: 1 INVITE', 'a=sendrecv'],
    ...['<recv response="100" optional="true"/>', '<recv response="407" auth="true"/>'],
    ...['ACK sip:bob-1@h SIP/2.0', 'CSeq: 1 ACK'],
    ...['INVITE sip:bob-1@h SIP/2.0', 'To: <sip:bob-1@h>', 'CSeq: 2 INVITE', 'a=sendrecv'],
    ...['<recv response="100" optional="true"/>', '<recv response="200">'],
    ...['ACK [$target] SIP/2.0', 'To: <sip:bob-1@h>[peer_tag_param]', 'CSeq: 2 ACK'],
    '<pause milliseconds="200"/>',
    ...['REFER [$target] SIP/2.0', 'To: <sip:bob-1@h>[peer_tag_param]', 'CSeq: 3 REFER', 'Refer-To: <sip:carol-1@h>'],
    ...['<recv response="100" optional="true"/>', '<recv response="202"/>'],
  ]);
});

test('who is called answers the request that he names, whatever came last', () => {
  const answers = steps(`
    ← INVITE
    ← CANCEL
    → 200 CANCEL
    → 487 INVITE
    ← ACK`);
  expect(answers).toEqual([
    '<recv request="INVITE">',
    '<recv request="CANCEL">',
    ...['SIP/2.0 200 OK', 'To:[$r2To];tag=[pid]a', 'CSeq:[$r2CSeq]'],
    ...['SIP/2.0 487 No', 'To:[$r1To];tag=[pid]a', 'CSeq:[$r1CSeq]'],
    '<recv request="ACK"/>',
  ]);
});

test('a phone registers with how much its user likes it', () => {
  const scenario = registerScenario(speaker, '0.5');
  expect(scenario).toContain('Contact: <sip:alice-1@[local_ip]:[local_port];transport=[transport]>;q=0.5;expires=300');
  expect(scenario).toContain('[authentication username=alice-1 password=secret]');
});

test.each(['→ 200 INFO', '→ ACK'])('%s alone has nothing to refer to', (ladder) => {
  expect(() => scenarioOf(readLadder(ladder), speaker)).toThrow(SyntaxError);
});
