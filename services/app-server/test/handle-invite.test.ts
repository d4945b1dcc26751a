import { FakeClock } from '@callweave/clock/testing';
import { EndpointRefusedError, type MediaEndpoint, SoundNotFoundError } from '@callweave/mrf';
import { type Reply } from '@callweave/srf';
import { recordLogs } from '@callweave/telemetry/testing';
import { beforeEach, describe, expect, test } from 'vitest';
import { echo } from '../src/apps/echo.ts';
import { playback } from '../src/apps/playback.ts';
import { handleInvite, type InviteDeps } from '../src/handle-invite.ts';
import { goOnElsewhere } from '../src/sip/dialog.ts';
import { Dialogs } from '../src/sip/dialogs.ts';
import { FakeLink, fakeRequest } from './fake-link.ts';

let link: FakeLink;
let clock: FakeClock;
let seen: string[];
let sessions: InviteDeps['sessions'];
let log: ReturnType<typeof recordLogs>;
/** Ends whatever the endpoint does. */
let finish: (error?: Error) => void;
let gone: (reason?: string) => void;

beforeEach(() => {
  link = new FakeLink();
  clock = new FakeClock();
  seen = [];
  sessions = new Set();
  log = recordLogs();
});

/** An endpoint that notes what it is told. */
function endpoint(): MediaEndpoint {
  const work = <T>(result: T): Promise<T> =>
    new Promise((resolve, reject) => {
      finish = (error) => (error === undefined ? resolve(result) : reject(error));
    });
  const fake: Pick<MediaEndpoint, 'uuid' | 'localSdp' | 'play' | 'execute' | 'modify' | 'onGone' | 'destroy'> = {
    uuid: 'e1',
    localSdp: 'answer',
    play: (...sounds) => {
      seen.push(`play ${sounds.join(' ')}`);
      return work({ playedMs: 1_000 });
    },
    execute: (application) => {
      seen.push(`execute ${application}`);
      return work(undefined);
    },
    modify: (sdp) => Promise.resolve(`ours for ${sdp}`),
    onGone: (listener) => {
      gone = listener;
    },
    destroy: () => {
      seen.push('destroy');
      return Promise.resolve();
    },
  };
  return fake as MediaEndpoint;
}

interface Invited {
  readonly replies: readonly Reply[];
  readonly cancel: () => void;
  readonly done: Promise<void>;
}

function invite(
  headers: Readonly<Record<string, string>>,
  deps: Partial<InviteDeps> = {},
  body: string | null = 'offer',
): Invited {
  const dialogs = new Dialogs(link, clock);
  const handler = handleInvite({
    ...{ dialogs, sessions, clock, log, isDraining: () => false },
    applications: { echo, playback: playback('melody.wav') },
    mediaServer: () => ({ createEndpoint: () => Promise.resolve(endpoint()) }),
    ...deps,
  });
  const { request, replies, cancel } = fakeRequest({ headers, body: body ?? undefined });
  return { replies, cancel, done: handler(request) };
}

/** Lets everything happen that is about to. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Waits for the end of a call, and for the media server's last word. */
async function over(done: Promise<void>): Promise<void> {
  await settle();
  clock.advance(1_000);
  await done;
}

const bye = { method: 'BYE', headers: { to: '<sip:echo@example.com>;tag=t1' } };

describe('an INVITE', () => {
  test('to `echo` is answered, and lasts until the caller hangs up', async () => {
    const { replies, done } = invite({ 'x-app-action': 'echo' });
    await settle();
    expect(replies).toMatchObject([{ status: 200, body: 'answer' }]);
    expect([seen, sessions.size]).toEqual([['execute echo'], 1]);
    expect(await link.receive(bye)).toEqual([{ status: 200 }]);
    finish();
    await over(done);
    expect([seen, sessions.size, link.lines]).toEqual([['execute echo', 'destroy'], 0, []]);
  });

  test('to `playback` is hung up when the sound is over', async () => {
    const { done } = invite({ 'x-app-action': ' Playback ', 'x-app-file': 'voicemail/hello.wav' });
    await settle();
    finish();
    await over(done);
    expect(seen).toEqual(['play voicemail/hello.wav', 'destroy']);
    expect(link.lines).toEqual(['BYE c1;from-tag=f1']);
  });

  test.each([
    ['the sound is missing', new SoundNotFoundError('melody.wav'), 'playback.no-such-sound'],
    ['the application fails', new Error('bug'), 'application.failed'],
  ])('is hung up and released when %s', async (_what, error, event) => {
    const { done } = invite({ 'x-app-action': 'playback' });
    await settle();
    finish(error);
    await over(done);
    expect([seen, link.lines.length, sessions.size]).toEqual([['play melody.wav', 'destroy'], 1, 0]);
    expect(log.lines.map((line) => line.event)).toContain(event);
  });

  test.each([
    ['ends it', 'NORMAL_CLEARING', {}],
    ['shuts down, and may go on elsewhere', 'SYSTEM_SHUTDOWN', goOnElsewhere],
    ['ends, and may go on elsewhere', 'SERVICE_UNAVAILABLE', goOnElsewhere],
    ['is gone, and may go on elsewhere', undefined, goOnElsewhere],
  ])('is hung up when the media server %s', async (_what, reason, headers) => {
    const { done } = invite({ 'x-app-action': 'echo' });
    await settle();
    gone(reason);
    expect(link.lines).toEqual(['BYE c1;from-tag=f1']);
    expect(link.sent.map(({ request }) => request.headers)).toEqual([headers]);
    finish();
    await over(done);
    expect(link.lines).toHaveLength(1);
  });

  test('goes on elsewhere too when the media server says first that the application is over', async () => {
    const { done } = invite({ 'x-app-action': 'echo' });
    await settle();
    finish(new Error('hung up'));
    await settle();
    gone('SERVICE_UNAVAILABLE');
    await over(done);
    expect(link.sent.map(({ request }) => request.headers)).toEqual([goOnElsewhere]);
  });

  test('that is cancelled while the endpoint is made leaves none behind', async () => {
    const { replies, cancel, done } = invite({ 'x-app-action': 'echo' });
    cancel();
    await done;
    expect([seen, replies, sessions.size]).toEqual([['destroy'], [], 0]);
  });

  test.each<[string, Readonly<Record<string, string>>, Partial<InviteDeps>, string | null, number]>([
    ['no action', {}, {}, 'offer', 404],
    ['an action nobody knows', { 'x-app-action': 'karaoke' }, {}, 'offer', 404],
    ['an action that is not built', { 'x-app-action': 'queue' }, {}, 'offer', 501],
    ['a sound outside of the sounds', { 'x-app-action': 'playback', 'x-app-file': '../a.wav' }, {}, 'offer', 404],
    ['a sound of the disk', { 'x-app-action': 'playback', 'x-app-file': '/etc/passwd' }, {}, 'offer', 404],
    ['two sounds in one name', { 'x-app-action': 'playback', 'x-app-file': 'a.wav!b.wav' }, {}, 'offer', 404],
    ['no offer', { 'x-app-action': 'echo' }, {}, null, 488],
    ['no media server', { 'x-app-action': 'echo' }, { mediaServer: () => undefined }, 'offer', 503],
    ['a server that drains', { 'x-app-action': 'echo' }, { isDraining: () => true }, 'offer', 503],
    ['an offer the media server refuses', { 'x-app-action': 'echo' }, refusing(488), 'offer', 488],
    ['a media server that refuses us', { 'x-app-action': 'echo' }, refusing(403), 'offer', 503],
  ])('with %s is refused', async (_what, headers, deps, body, status) => {
    const { replies, done } = invite(headers, deps, body);
    await done;
    expect(replies).toEqual([{ status, headers: status === 503 ? { 'Retry-After': '5' } : {} }]);
    expect([seen, sessions.size]).toEqual([[], 0]);
  });
});

function refusing(status: number): Partial<InviteDeps> {
  return { mediaServer: () => ({ createEndpoint: () => Promise.reject(new EndpointRefusedError(status)) }) };
}
