import { type Answer, answer } from '@callweave/bus';
import { keepAlive, keepAliveByAny } from '@callweave/contracts';
import { counter } from '@callweave/telemetry';
import { type z } from 'zod';
import { type SendRequest } from '../leg/leg.ts';
import { devicesKept } from '../metrics.ts';

type Devices = z.output<(typeof keepAlive)['request']>['devices'];

/** Whom the question comes from: nobody who could be called back. */
const FROM = '<sip:keep-alive@localhost>';

/**
 * Asks devices behind NATs for their abilities: a NAT remembers whoever sends by it, RFC 4787 REQ-6, and an answer does.
 * What they answer is all the same.
 */
export function keepAliveAnswers(send: SendRequest): { ofInstance: Answer; ofAny: Answer } {
  const kept = counter(devicesKept);
  const ask = ({ devices }: { readonly devices: Devices }): Promise<{ asked: number }> => {
    for (const { contact, received } of devices) {
      send(
        { method: 'OPTIONS', uri: contact, nextHop: `sip:${received}`, headers: { From: FROM, To: `<${contact}>` } },
        {
          responded: ({ status, source }) => {
            if (status >= 200) kept.add(1, { outcome: source === '' ? 'silent' : 'answered' });
          },
          failed: () => kept.add(1, { outcome: 'failed' }),
        },
      );
    }
    return Promise.resolve({ asked: devices.length });
  };
  return { ofInstance: answer(keepAlive, ask), ofAny: answer(keepAliveByAny, ask) };
}
