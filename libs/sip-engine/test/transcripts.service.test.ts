import { readFileSync } from 'node:fs';
import { systemClock } from '@callweave/clock';
import { type SipEngine, startSipEngine } from '@callweave/sip-engine';
import { connectRawApp, openRawPhone, type RawApp, type RawPhone } from '@callweave/sip-engine/testing';
import { recordLogs } from '@callweave/telemetry/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

interface Entry {
  readonly dir: 'app>server' | 'server>app' | 'sip-in' | 'sip-out' | 'note';
  readonly data: string;
  readonly conn?: string;
}

/** Where the engine means to do something else than the recorded server, and why. */
interface Difference {
  readonly why: string;
  readonly recorded: Entry['dir'];
  readonly matches: RegExp;
  /** The shape expected instead; none when the engine says nothing here. */
  readonly instead?: string;
}

const DIFFERENCES: Readonly<Record<string, readonly Difference[]>> = {
  'raw-protocol-errors': [
    {
      why: 'commands before authentication are refused',
      recorded: 'server>app',
      matches: /\|response\|r[14]\|OK/,
      instead: 'ID|response|CMD|NO|not authenticated',
    },
  ],
  'ood-options-register-message': [
    {
      why: 'an INVITE that nobody takes is refused at once: a 100 before it says nothing',
      recorded: 'sip-out',
      matches: /^SIP\/2.0 100 Trying/,
    },
    {
      why: 'an out-of-dialog REFER is answered 481 where the server kept silent',
      recorded: 'note',
      matches: /^REFER -> no answer/,
      instead: 'SIP/2.0 481 Call/Transaction Does Not Exist call-id content-length cseq from to via',
    },
  ],
};

/** A peer told to come back is also told when. */
const ADDED_HEADERS = new Set(['retry-after']);

let engine: SipEngine;
let phone: RawPhone;
let apps: Map<string, RawApp>;
let txns: Map<string, string>;

beforeEach(async () => {
  const contacts = [{ address: '127.0.0.1', port: 0, protocols: ['tcp' as const, 'udp' as const] }];
  const control = { address: '127.0.0.1', port: 0, secret: 'cymru' };
  engine = await startSipEngine({ contacts, control }, { clock: systemClock, log: recordLogs() });
  phone = await openRawPhone();
  apps = new Map();
  txns = new Map();
});

afterEach(async () => {
  for (const app of apps.values()) app.close();
  phone.close();
  await engine.stop();
});

describe('the engine says what drachtio-server was recorded saying', () => {
  test.each([
    'connect-auth-ok',
    'connect-auth-bad-secret',
    'ood-options-register-message',
    'raw-protocol-errors',
    'utf8-and-binary',
  ])('%s', async (name) => {
    const text = readFileSync(new URL(`transcripts/${name}.jsonl`, import.meta.url), 'utf8');
    const unmet = new Set(DIFFERENCES[name] ?? []);
    for (const line of text.trim().split('\n')) {
      const entry = JSON.parse(line) as Entry;
      const difference = (DIFFERENCES[name] ?? []).find(
        (one) => one.recorded === entry.dir && one.matches.test(entry.data),
      );
      if (difference !== undefined) unmet.delete(difference);
      await replay(entry, difference);
    }
    expect([...unmet], 'every difference still occurs').toEqual([]);
    expect(phone.waiting).toBe(0);
  });
});

async function replay(entry: Entry, difference: Difference | undefined): Promise<void> {
  switch (entry.dir) {
    case 'app>server': {
      (await appOf(entry)).send(
        entry.data.replace(/^([^|]*\|sip\|)([^|]*)/, (_, start: string, txn: string) => start + (txns.get(txn) ?? txn)),
      );
      return;
    }
    case 'sip-in':
      phone.send(here(entry.data), sipPort());
      return;
    case 'server>app': {
      if (difference !== undefined && difference.instead === undefined) return;
      const said = await (await appOf(entry)).next();
      const [recordedTxn, txn] = [entry.data.split('|')[8], said.split('|')[8]];
      if (recordedTxn !== undefined && txn !== undefined && said.includes('|sip|')) txns.set(recordedTxn, txn);
      expect(frameShape(said)).toBe(difference?.instead ?? frameShape(entry.data));
      return;
    }
    case 'sip-out':
      if (difference === undefined) expect(sipShape(await phone.next())).toBe(sipShape(entry.data));
      return;
    case 'note':
      if (difference?.instead !== undefined) expect(sipShape(await phone.next())).toBe(difference.instead);
  }
}

async function appOf({ conn = '' }: Entry): Promise<RawApp> {
  const known = apps.get(conn);
  if (known !== undefined) return known;
  const app = await connectRawApp(engine.controlPort);
  apps.set(conn, app);
  return app;
}

/** A recorded message as our phone would send it. */
function here(text: string): string {
  return text
    .replaceAll(/127\.1\.\d+\.\d+:\d+/g, `127.0.0.1:${phone.port}`)
    .replaceAll('127.0.0.1:5060', `127.0.0.1:${sipPort()}`);
}

function sipPort(): number {
  return Number(engine.contacts[0]?.split(':').at(-1));
}

/** The leader, token by token, with what is random replaced by what kind of thing it is; then the message's shape. */
function frameShape(payload: string): string {
  const cr = payload.indexOf('\r\n');
  const leader = cr < 0 ? payload : payload.slice(0, cr);
  const tokens = leader.split('|').map((token, at) => {
    if (at === 0) return 'ID';
    if (at === 2 && leader.split('|')[1] === 'response') return 'CMD';
    if (/^[0-9a-f]{8}-[0-9a-f]{4}-4/.test(token)) return 'UUID';
    if (/^v\d+\.\d+\.\d+/.test(token)) return 'VERSION';
    if (/^\d\d:\d\d:\d\d\.\d{6}$/.test(token)) return 'TIME';
    if (/^\d+\.\d+\.\d+\.\d+$/.test(token)) return 'ADDRESS';
    if (/^\d+$/.test(token)) return 'NUMBER';
    if (/^(?:tcp|udp)\/.*,/.test(token)) return token.replaceAll(/\/[^,]*/g, '/HOSTPORT');
    return token;
  });
  return tokens.join('|') + (cr < 0 ? '' : `\n${sipShape(payload.slice(cr + 2))}`);
}

/** The first line, which headers there are, and the body. */
function sipShape(text: string): string {
  const [head = '', body = ''] = text.split('\r\n\r\n');
  const [first = '', ...lines] = head.split('\r\n');
  const names = lines
    .map((line) => line.slice(0, line.indexOf(':')).toLowerCase())
    .filter((name) => !ADDED_HEADERS.has(name));
  return `${first.replace(/127\.0\.0\.1:\d+/, 'HOSTPORT')} ${names.sort().join(' ')}${body === '' ? '' : `\n${body}`}`;
}
