import { type Reply } from '@callweave/srf';
import { recordLogs } from '@callweave/telemetry/testing';
import { describe, expect, test } from 'vitest';
import { type FoundLeg } from '../src/call/call-records.ts';
import { LegTable } from '../src/leg/leg.ts';
import { type Adopter } from '../src/survive/adopter.ts';
import { Strays } from '../src/survive/strays.ts';
import { edge, fakeRequest } from './fake-call.ts';
import { storedCall } from './stored-call.ts';

const known = storedCall(1);
const identity = { callId: known.leg.sipCallId, remoteTag: known.leg.remoteTag };

/** What a request inside that dialog is answered, and what is logged, when this is `found` of it. */
async function handled(method: string, found: FoundLeg | undefined, peer = identity) {
  const log = recordLogs();
  const replies: Reply[] = [];
  const strays = new Strays({
    records: { find: () => Promise.resolve(found) },
    adopter: { adopt: () => Promise.reject(new Error('nothing is taken over')) } as unknown as Adopter,
    peers: {
      holds: () => Promise.resolve(false),
      pass: () => Promise.reject(new Error('nothing is passed')),
      bring: () => Promise.reject(new Error('nothing is brought')),
      yield: () => Promise.reject(new Error('nothing is yielded')),
    },
    legs: new LegTable(),
    lentTo: () => Promise.resolve(undefined),
    owner: () => edge,
    log,
  });
  const request = fakeRequest(method, (reply) => void replies.push(reply));
  await strays.handle(request, known.leg.legId, peer);
  return { statuses: replies.map(({ status }) => status), logged: log.lines };
}

describe('a request in a dialog that nobody has', () => {
  const line = (method: string, sipCallId = identity.callId) => ({
    level: 'warn',
    event: 'dialog.unknown',
    fields: { method, uri: 'sip:b@d', source: '192.0.2.1:5060', sipCallId },
  });

  test('is answered 481, and it is logged what was asked for, and by whom', async () => {
    expect(await handled('BYE', undefined)).toEqual({ statuses: [481], logged: [line('BYE')] });
    expect(await handled('ACK', undefined)).toEqual({ statuses: [], logged: [line('ACK')] });
  });

  test('is no better for a tag that somebody else was given', async () => {
    const peer = { callId: 'other', remoteTag: identity.remoteTag };
    expect(await handled('INFO', known, peer)).toEqual({ statuses: [481], logged: [line('INFO', 'other')] });
  });

  test('is one that is over as long as that is remembered', async () => {
    const ended: FoundLeg = { ...known, call: { ...known.call, state: 'ended' } };
    expect(await handled('BYE', ended)).toEqual({ statuses: [200], logged: [] });
    expect(await handled('INFO', ended)).toEqual({ statuses: [481], logged: [] });
  });
});
