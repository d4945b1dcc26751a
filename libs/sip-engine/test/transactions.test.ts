import { recordClientTransaction, recordServerTransaction } from '@callweave/sip-engine/testing';
import { describe, expect, test } from 'vitest';

const at = (what: string, ...times: number[]): string[] => times.map((time) => `${what} @${time}`);

describe('non-INVITE client transaction, RFC 3261 §17.1.2', () => {
  test('over UDP an unanswered request backs off to T2 and gives up at 64*T1', () => {
    const { clock, seen } = recordClientTransaction({});
    clock.advance(40_000);
    expect(seen).toEqual([
      ...at('send', 0, 500, 1_500, 3_500, 7_500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500),
      'timeout @32000',
      'terminated @32000',
    ]);
  });

  test('over a stream it is sent once', () => {
    const { clock, seen } = recordClientTransaction({ reliable: true });
    clock.advance(40_000);
    expect(seen).toEqual(['send @0', 'timeout @32000', 'terminated @32000']);
  });

  test('after a provisional response it is repeated every T2', () => {
    const { clock, tx, seen } = recordClientTransaction({});
    tx.receive(100);
    clock.advance(9_000);
    expect(seen).toEqual(['send @0', 'response 100 @0', ...at('send', 500, 4_500, 8_500)]);
  });

  test('a repeated final response is absorbed until timer K', () => {
    const { clock, tx, seen } = recordClientTransaction({});
    tx.receive(200);
    tx.receive(200);
    clock.advance(5_000);
    expect(seen).toEqual(['send @0', 'response 200 @0', 'terminated @5000']);
  });

  test('a flow that breaks is told once', () => {
    const { clock, tx, flow, seen } = recordClientTransaction({});
    flow.isOpen = false;
    clock.advance(2_000);
    tx.transportError();
    expect(seen).toEqual(['send @0', 'transport @510', 'terminated @510']);
  });
});

describe('INVITE client transaction, RFC 3261 §17.1.1 and RFC 6026', () => {
  test('over UDP an unanswered INVITE doubles its wait and gives up at 64*T1', () => {
    const { clock, seen } = recordClientTransaction({ method: 'INVITE' });
    clock.advance(40_000);
    expect(seen).toEqual([
      ...at('send', 0, 500, 1_500, 3_500, 7_500, 15_500, 31_500),
      'timeout @32000',
      'terminated @32000',
    ]);
  });

  test('while it rings nothing is repeated, however long', () => {
    const { clock, tx, seen } = recordClientTransaction({ method: 'INVITE' });
    tx.receive(180);
    clock.advance(300_000);
    expect(seen).toEqual(['send @0', 'response 180 @0']);
  });

  test('a failure is acknowledged, and again whenever it comes again, for 32 s', () => {
    const { clock, tx, seen } = recordClientTransaction({ method: 'INVITE' });
    tx.receive(486);
    tx.receive(486);
    clock.advance(32_000);
    expect(seen).toEqual(['send @0', 'ack @0', 'response 486 @0', 'ack @0', 'terminated @32000']);
  });

  test('every 2xx goes up, also those of other branches of a fork, for 64*T1', () => {
    const { clock, tx, seen } = recordClientTransaction({ method: 'INVITE' });
    tx.receive(200);
    tx.receive(200);
    clock.advance(32_000);
    expect(seen).toEqual(['send @0', 'response 200 @0', 'response 200 @0', 'terminated @32000']);
  });

  test('a cancelled INVITE that is never answered ends 64*T1 later', () => {
    const { clock, tx, seen } = recordClientTransaction({ method: 'INVITE' });
    tx.receive(180);
    tx.cancelled();
    clock.advance(32_000);
    expect(seen.slice(2)).toEqual(['timeout @32000', 'terminated @32000']);
  });
});

describe('non-INVITE server transaction, RFC 3261 §17.2.2', () => {
  test('a repetition is absorbed until there is an answer, then gets it again, until timer J', () => {
    const { clock, tx, seen } = recordServerTransaction({});
    tx.repeated();
    tx.respond(200);
    tx.repeated();
    clock.advance(31_000);
    tx.repeated();
    tx.respond(500);
    clock.advance(1_000);
    expect(seen).toEqual(['200 @0', '200 @0', '200 @31000', 'terminated @32000']);
  });

  test('over a stream it is over with its answer', () => {
    const { clock, tx, seen } = recordServerTransaction({ reliable: true });
    tx.respond(200);
    clock.advance(10);
    expect(seen).toEqual(['200 @0', 'terminated @10']);
  });
});

describe('INVITE server transaction, RFC 3261 §17.2.1 and RFC 6026', () => {
  test('a failure is repeated until T2 and given up at 64*T1', () => {
    const { clock, tx, seen } = recordServerTransaction({ method: 'INVITE' });
    tx.respond(486);
    clock.advance(40_000);
    expect(seen).toEqual([
      ...at('486', 0, 500, 1_500, 3_500, 7_500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500),
      'no ack @32000',
      'terminated @32000',
    ]);
  });

  test('the ACK stops it, and copies of the ACK are absorbed until timer I', () => {
    const { clock, tx, seen } = recordServerTransaction({ method: 'INVITE' });
    tx.respond(486);
    clock.advance(600);
    expect([tx.acknowledged(), tx.acknowledged()]).toEqual([true, true]);
    clock.advance(5_000);
    expect(seen).toEqual(['486 @0', '486 @500', 'terminated @5600']);
  });

  test('the ACK of a 2xx is not its business', () => {
    const { clock, tx, seen } = recordServerTransaction({ method: 'INVITE' });
    tx.respond(180);
    tx.repeated();
    tx.respond(200);
    expect(tx.acknowledged()).toBe(false);
    tx.repeated();
    clock.advance(32_000);
    expect(seen).toEqual(['180 @0', '180 @0', '200 @0', '200 @0', 'terminated @32000']);
  });
});
