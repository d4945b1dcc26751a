import { FakeClock } from '@callweave/clock/testing';
import { type IncomingResponse } from '@callweave/srf';
import { beforeEach, describe, expect, test } from 'vitest';
import { RequestFailedError } from '../src/errors.ts';
import { optionsHandler } from '../src/handle-options.ts';
import { type Dialog } from '../src/sip/dialog.ts';
import { Dialogs } from '../src/sip/dialogs.ts';
import { FakeLink, fakeRequest } from './fake-link.ts';

let link: FakeLink;
let dialogs: Dialogs;
let clock: FakeClock;

beforeEach(() => {
  link = new FakeLink();
  clock = new FakeClock();
  dialogs = new Dialogs(link, clock);
});

async function accept(onOffer = (sdp: string): Promise<string> => Promise.resolve(`ours for ${sdp}`)): Promise<Dialog> {
  const { request, replies } = fakeRequest({ body: 'offer' });
  const dialog = await dialogs.accept(request, 'answer', { onOffer });
  expect(replies).toEqual([{ status: 200, headers: { 'Content-Type': 'application/sdp' }, body: 'answer' }]);
  return dialog;
}

/** A response to the last request that was sent. */
function respond(status: number, body?: string): { readonly acknowledged: () => number } {
  let count = 0;
  const response: IncomingResponse = {
    ...{ source: '192.0.2.2:5060', transport: 'udp', status, reason: '', body },
    header: () => undefined,
    acknowledge: () => {
      count++;
    },
  };
  link.sent.at(-1)?.events.responded(response);
  return { acknowledged: () => count };
}

const bye = { method: 'BYE', headers: { to: '<sip:echo@example.com>;tag=t1' } };

describe('a call that was accepted', () => {
  test('ends with the BYE of its caller, which is answered', async () => {
    const dialog = await accept();
    let ends = 0;
    dialog.onEnded(() => ends++);
    expect(await link.receive(bye)).toEqual([{ status: 200 }]);
    expect([ends, dialog.isOver, dialogs.size]).toEqual([1, true, 0]);
    expect(await link.receive(bye)).toEqual([{ status: 481 }]);
    dialog.hangUp();
    expect(link.lines).toEqual([]);
    dialog.onEnded(() => ends++);
    expect(ends).toBe(2);
  });

  test('is told to an edge that asks: it is here, it has ended, and later nothing is known of it', async () => {
    const handle = optionsHandler({ dialogs, isReady: () => true });
    const ask = async (): Promise<number | undefined> => {
      const { request, replies } = fakeRequest({ method: 'OPTIONS', headers: { 'x-app-dialog': 'c1;from-tag=f1' } });
      await handle(request);
      return replies[0]?.status;
    };
    expect(await ask()).toBe(481);
    const dialog = await accept();
    expect(await ask()).toBe(200);
    dialog.hangUp();
    expect(await ask()).toBe(410);
    clock.advance(40_000);
    expect(await ask()).toBe(481);
  });

  test('that was given up has not ended for an edge that asks: it goes on elsewhere', async () => {
    (await accept()).giveUp();
    expect(dialogs.hasEnded('c1;from-tag=f1')).toBe(false);
    (await accept()).hangUp();
    expect(dialogs.hasEnded('c1;from-tag=f1')).toBe(true);
  });

  test('ends once with ours', async () => {
    const dialog = await accept();
    dialog.hangUp();
    dialog.hangUp();
    expect(link.lines).toEqual(['BYE c1;from-tag=f1']);
    expect(dialogs.size).toBe(0);
  });

  test('that was never acknowledged is ended by the engine, which wants no answer', async () => {
    const dialog = await accept();
    expect(await link.receive({ ...bye, isFromEngine: true })).toEqual([]);
    expect(dialog.isOver).toBe(true);
  });

  test('takes another offer, and repeats itself when there is none', async () => {
    await accept();
    const content = { headers: { 'Content-Type': 'application/sdp' } };
    expect(await link.receive({ body: 'hold' })).toEqual([{ status: 200, ...content, body: 'ours for hold' }]);
    expect(await link.receive({})).toEqual([{ status: 200, ...content, body: 'ours for hold' }]);
    expect(await link.receive({ method: 'UPDATE' })).toEqual([{ status: 200 }]);
    expect(await link.receive({ method: 'ACK' })).toEqual([]);
    expect(await link.receive({ method: 'INFO' })).toEqual([{ status: 200 }]);
    expect(await link.receive({ method: 'REFER' })).toMatchObject([{ status: 405 }]);
  });

  test('refuses an offer as the media server does', async () => {
    await accept(() => Promise.reject(new RequestFailedError('INVITE', 488)));
    expect(await link.receive({ body: 'g729' })).toEqual([{ status: 488 }]);
  });

  test('is not there when the answer could not be sent', async () => {
    const { request } = fakeRequest({ body: 'offer' });
    const gone = { ...request, reply: () => Promise.reject(new Error('gone')) };
    const onOffer = (): Promise<string> => Promise.resolve('');
    await expect(dialogs.accept(gone, 'answer', { onOffer })).rejects.toThrow('gone');
    expect(dialogs.size).toBe(0);
  });
});

describe('a call of ours', () => {
  const invite = { uri: 'sip:media@192.0.2.9', headers: { 'X-esl-outbound': '192.0.2.1:1' }, sdp: 'offer' };

  /** The engine tells what it has sent. */
  function sent(): void {
    const message = { header: (name: string) => ({ 'call-id': 'm1', from: '<sip:us>;tag=f9' })[name], body: undefined };
    link.sent.at(-1)?.events.sent?.(message);
  }

  test('is acknowledged when it is answered, changed, and ended by either side', async () => {
    const calling = dialogs.call(invite);
    sent();
    respond(180);
    const { acknowledged } = respond(200, 'answer');
    const call = await calling;
    expect([acknowledged(), call.remoteSdp]).toEqual([1, 'answer']);

    const modifying = call.modify('other');
    expect(link.sent.at(-1)?.request).toMatchObject({ dialogId: 'm1;from-tag=f9', body: 'other' });
    expect(respond(200, 'again').acknowledged()).toBe(1);
    expect(await modifying).toBe('again');

    let ends = 0;
    call.onEnded(() => ends++);
    const headers = { 'call-id': 'm1', from: '<sip:media>;tag=x', to: '<sip:us>;tag=f9' };
    expect(await link.receive({ method: 'INVITE', headers, body: 'offer' })).toEqual([{ status: 488 }]);
    expect(await link.receive({ method: 'BYE', headers })).toEqual([{ status: 200 }]);
    expect([ends, dialogs.size]).toEqual([1, 0]);
  });

  test.each([
    ['refused', () => respond(488), 488],
    ['not sent at all', () => link.sent.at(-1)?.events.failed(new Error('engine gone')), 503],
  ])('that is %s is told with its status', async (_what, fail, status) => {
    const calling = dialogs.call(invite);
    sent();
    fail();
    await expect(calling).rejects.toMatchObject({ code: 'SIP_REQUEST_FAILED', status });
    expect(dialogs.size).toBe(0);
  });
});
