import { type SipEngine, startSipEngine } from '@callweave/sip-engine';
import { openRawPhone } from '@callweave/sip-engine/testing';
import { recordLogs } from '@callweave/telemetry/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BenchPhone, freeUdpPort, header, startLine } from './bench.ts';
import { startKamailio } from './kamailio.ts';
import { Programs } from './programs.ts';
import { answers, asks, calledAs, callsBack, expects, scenario } from './sipp-scenario.ts';
import { SkippingClock } from './skipping-clock.ts';

// The parts of drachtio-srf that these tests use; the library itself is unmodified.
interface Dialog {
  on(event: 'info', listener: (request: unknown, response: Response) => void): void;
  on(event: 'destroy', listener: (request: unknown, reason: string) => void): void;
  request(options: { method: string }): Promise<unknown>;
  readonly id: string;
  destroy(): Promise<unknown>;
}
interface Request {
  readonly uri: string;
}
interface Response {
  send(status: number, options: object, callback: () => void): void;
}
interface Srf {
  connect(options: object): void;
  on(event: string, listener: () => void): void;
  invite(handler: (request: Request, response: Response) => void): void;
  createUAS(request: Request, response: Response, options: object): Promise<Dialog>;
  createUAC(uri: string, options: object, callbacks?: object): Promise<Dialog>;
  proxyRequest(request: Request, targets: readonly string[], options: object): Promise<{ finalStatus: number }>;
  disconnect(): void;
}

const sdp = 'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0\r\n';
const clock = new SkippingClock();
const programs = new Programs();
let engine: SipEngine;
let sipPort: number;
let srf: Srf;
let onInvite: (request: Request, response: Response) => void = () => undefined;

beforeAll(async () => {
  const contacts = [{ address: '127.0.0.1', port: 0, protocols: ['udp' as const] }];
  const control = { address: '127.0.0.1', port: 0, secret: 's' };
  engine = await startSipEngine({ contacts, control }, { clock, log: recordLogs() });
  sipPort = Number(engine.contacts[0]?.split(':').at(-1));
  const { default: Library } = (await import('drachtio-srf')) as unknown as { default: new () => Srf };
  srf = new Library();
  srf.invite((request, response) => onInvite(request, response));
  const connected = new Promise<void>((resolve) => srf.on('connect', resolve));
  srf.connect({ host: '127.0.0.1', port: engine.controlPort, secret: 's' });
  await connected;
});

afterAll(async () => {
  srf.disconnect();
  await engine.stop();
  await programs.stop();
});

/**
 * Half of a session passes whenever the peer says so by INFO, of which it is told the first `told` times by an INFO of
 * ours; resolves with why the call ended.
 */
function passesHalves(dialog: Dialog, told = 0): Promise<string> {
  let left = told;
  dialog.on('info', (_request, response) => {
    response.send(200, {}, () => {
      clock.skip(45_100);
      if (left-- > 0) void dialog.request({ method: 'INFO' });
    });
  });
  return new Promise((resolve) => dialog.on('destroy', (_request, reason) => resolve(reason)));
}

describe('with SIPp a session timer of drachtio-srf’s calls', () => {
  const terms = (regexp: string): { header: string; regexp: string } => ({ header: 'Session-Expires', regexp });
  const asked = (refresher: string): string[] => ['Supported: timer', `Session-Expires: 90;refresher=${refresher}`];

  const halfPasses = (cseq: number): string[] => [
    asks('INFO', cseq),
    expects('200'),
    expects('INFO'),
    answers('200 OK'),
  ];

  test('is refreshed by UPDATE for a caller that leaves it to us, until the caller knows of no call', async () => {
    const ended = new Promise<string>((resolve, reject) => {
      onInvite = (request, response) => {
        srf.createUAS(request, response, { localSdp: sdp }).then((dialog) => resolve(passesHalves(dialog)), reject);
      };
    });
    const played = programs.sipp(
      scenario(
        asks('INVITE', 1, { sdp: true, lines: [...asked('uas'), 'Allow: INVITE, ACK, BYE, CANCEL, UPDATE, INFO'] }),
        expects('200', terms('90;refresher=uas')),
        asks('ACK', 1),
        ...[2, 3].flatMap((cseq) =>
          [asks('INFO', cseq), expects('200'), expects('UPDATE', terms('90;refresher=uac'))].concat(
            cseq === 2 ? answers('200 OK', { lines: ['Session-Expires: 90;refresher=uac'] }) : answers('481 Gone'),
          ),
        ),
        expects('BYE', { header: 'Reason', regexp: 'Session timer expired' }),
        answers('200 OK'),
      ),
      `127.0.0.1:${sipPort}`,
    );
    expect(await played).toBe('');
    expect(await ended).toBe('Session timer expired');
  });

  test('ends when the caller that is to refresh it falls silent, and not before', async () => {
    const ended = new Promise<string>((resolve, reject) => {
      onInvite = (request, response) => {
        srf.createUAS(request, response, { localSdp: sdp }).then((dialog) => resolve(passesHalves(dialog, 2)), reject);
      };
    });
    const played = programs.sipp(
      scenario(
        asks('INVITE', 1, { sdp: true, lines: asked('uac') }),
        expects('200', { header: 'Require', regexp: 'timer' }),
        asks('ACK', 1),
        ...halfPasses(2),
        asks('INVITE', 3, { sdp: true, lines: asked('uac') }),
        expects('200', terms('90;refresher=uac')),
        asks('ACK', 3),
        ...halfPasses(4),
        asks('INFO', 5),
        expects('200'),
        expects('BYE', { header: 'Reason', regexp: 'Session timer expired' }),
        answers('200 OK'),
      ),
      `127.0.0.1:${sipPort}`,
    );
    expect(await played).toBe('');
    expect(await ended).toBe('Session timer expired');
  });

  test('is refreshed by re-INVITE for a callee that wants us to, and does not take UPDATE', async () => {
    const port = await freeUdpPort();
    const played = programs.sipp(
      scenario(
        calledAs,
        answers('200 OK', { tag: true, sdp: true, lines: ['Require: timer', 'Session-Expires: 90;refresher=uac'] }),
        expects('ACK'),
        callsBack('INFO', 1),
        expects('200'),
        expects('INVITE', terms('90;refresher=uac')),
        answers('200 OK', { sdp: true, lines: ['Require: timer', 'Session-Expires: 90;refresher=uac'] }),
        expects('ACK'),
        callsBack('BYE', 2),
        expects('200'),
      ),
      `127.0.0.1:${sipPort}`,
      ['-p', String(port)],
    );
    const dialog = await srf.createUAC(`sip:sipp@127.0.0.1:${port}`, {
      localSdp: sdp,
      headers: { Supported: 'timer' },
    });
    void passesHalves(dialog);
    expect(await played).toBe('');
    await expect.poll(() => engine.stats().dialogs).toBe(0);
  });

  test('that would be too brief is refused before the application hears of it', async () => {
    onInvite = () => expect.unreachable();
    const lines = ['Supported: timer', 'Session-Expires: 45'];
    const refused = [asks('INVITE', 1, { sdp: true, lines }), expects('422', { header: 'Min-SE', regexp: '90' })];
    expect(await programs.sipp(scenario(...refused, asks('ACK', 1)), `127.0.0.1:${sipPort}`)).toBe('');
  });
});

describe('with Kamailio in between', () => {
  let kamailio: string;
  let callees: [BenchPhone, BenchPhone];

  beforeAll(async () => {
    const [one, two] = [await openRawPhone(), await openRawPhone()];
    const port = await freeUdpPort();
    kamailio = `127.0.0.1:${port}`;
    callees = [new BenchPhone(one, port), new BenchPhone(two, port)];
    const uris = callees.map(({ uri }) => uri);
    await startKamailio(programs, { port, route: forking(uris, `127.0.0.1:${sipPort}`) });
  });

  afterAll(() => {
    for (const callee of callees) callee.close();
  });

  test('drachtio-srf acknowledges each ringing phone of a fork, has the call of the first that answers, and the other is released', async () => {
    const rang: number[] = [];
    const called = srf.createUAC(
      `sip:both@${kamailio}`,
      { localSdp: sdp, headers: { Supported: '100rel' } },
      {
        cbProvisional: (response: { status: number }) => rang.push(response.status),
      },
    );
    const seen = new Set<string>();
    /** What a phone gets next but for copies. */
    const fresh = async (callee: BenchPhone): Promise<string> => {
      const text = await callee.next();
      return seen.has(text) ? fresh(callee) : (seen.add(text), text);
    };
    const invites = [await fresh(callees[0]), await fresh(callees[1])] as const;
    for (const [at, callee] of callees.entries())
      callee.answer(invites[at] ?? '', '180 Ringing', { tag: `tag${at}`, lines: ['Require: 100rel', `RSeq: 7`] });
    for (const [at, callee] of callees.entries()) {
      const prack = await fresh(callee);
      expect([startLine(prack), header(prack, 'To')]).toEqual([
        `PRACK ${callee.uri} SIP/2.0`,
        expect.stringContaining(`;tag=tag${at}`),
      ]);
      expect(header(prack, 'RAck')).toBe(`7 ${header(invites[at] ?? '', 'CSeq')}`);
      callee.answer(prack, '200 OK');
    }
    await expect.poll(() => rang).toEqual([180, 180]);
    expect(engine.stats().dialogs).toBe(2);
    // The one that rang second answers; its CANCEL crosses the other's answer.
    callees[1].answer(invites[1], '200 OK', { tag: 'tag1', body: sdp, lines: ['Content-Type: application/sdp'] });
    const dialog = await called;
    expect(dialog.id).toBe(
      `${header(invites[0], 'Call-ID')};from-tag=${/tag=(\S+)/.exec(header(invites[0], 'From'))?.[1] ?? ''}`,
    );
    expect(startLine(await fresh(callees[1]))).toBe(`ACK ${callees[1].uri} SIP/2.0`);
    const cancel = await fresh(callees[0]);
    callees[0].answer(cancel, '200 OK');
    callees[0].answer(invites[0], '200 OK', { tag: 'tag0', body: sdp, lines: ['Content-Type: application/sdp'] });
    expect(startLine(await fresh(callees[0]))).toBe(`ACK ${callees[0].uri} SIP/2.0`);
    const released = await fresh(callees[0]);
    expect([startLine(released), header(released, 'To')]).toEqual([
      `BYE ${callees[0].uri} SIP/2.0`,
      expect.stringContaining(';tag=tag0'),
    ]);
    callees[0].answer(released, '200 OK');
    const hungUp = dialog.destroy();
    const bye = await fresh(callees[1]);
    expect(startLine(bye)).toBe(`BYE ${callees[1].uri} SIP/2.0`);
    callees[1].answer(bye, '200 OK');
    await hungUp;
    await expect.poll(() => engine.stats().dialogs).toBe(0);
  });

  test('a proxied call comes back: changed it goes on, unchanged it has run in a circle', async () => {
    const callee = new BenchPhone(await openRawPhone(), sipPort);
    const refused: unknown[] = [];
    onInvite = (request) => {
      const target = request.uri.startsWith('sip:callee@')
        ? callee.uri
        : `sip:${/sip:(\w+)@/.exec(request.uri)?.[1] ?? ''}@${kamailio}`;
      srf.proxyRequest(request, [target], { recordRoute: true }).catch((reason: unknown) => refused.push(reason));
    };
    const caller = new BenchPhone(await openRawPhone(), sipPort);
    try {
      caller.request({ method: 'INVITE', callId: 'spiral', uri: `sip:spiral@127.0.0.1:${sipPort}` });
      const invite = await callee.next();
      // Twice here, once there, and the caller.
      expect(invite.match(/^Via: /gm)).toHaveLength(4);
      callee.answer(invite, '486 Busy Here');
      expect(startLine(await callee.next())).toMatch(/^ACK /);
      expect(startLine(await finalAt(caller))).toBe('SIP/2.0 486 Busy Here');
      caller.request({ method: 'INVITE', callId: 'circle', uri: `sip:circle@127.0.0.1:${sipPort}` });
      expect(startLine(await finalAt(caller))).toBe('SIP/2.0 482 Loop Detected');
      expect(refused).toEqual(['Rejected with 482 Loop Detected']);
    } finally {
      caller.close();
      callee.close();
    }
  });
});

/** What a phone gets next but for 100. */
async function finalAt(phone: BenchPhone): Promise<string> {
  for (;;) {
    const text = await phone.next();
    if (!text.startsWith('SIP/2.0 100')) return text;
  }
}

/** Kamailio as a proxy that stays in the path: it forks `both`, and sends `spiral` and `circle` back to us. */
function forking(callees: readonly string[], engineAt: string): string {
  return `
  if (has_totag()) {
    if (loose_route()) { t_relay(); exit; }
    if (is_method("ACK") && t_check_trans()) t_relay();
    exit;
  }
  if (is_method("CANCEL")) { if (t_check_trans()) t_relay(); exit; }
  record_route();
  if ($rU == "both") {
    $ru = "${callees[0] ?? ''}";
    append_branch("${callees[1] ?? ''}");
  } else if ($rU == "spiral") $ru = "sip:callee@${engineAt}";
  else $ru = "sip:circle@${engineAt}";
  t_relay();
`;
}
