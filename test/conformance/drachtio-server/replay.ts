import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';
import { FakeClock } from '@callweave/clock/testing';
import { type SipEngine, startSipEngine } from '@callweave/sip-engine';
import { connectRawApp, type RawApp } from '@callweave/sip-engine/testing';
import { cryptoIds } from '@callweave/sip';
import { recordLogs } from '@callweave/telemetry/testing';
import { comparable, kindOf, Names } from './names.ts';
import { type Entry } from './recording.ts';
import { frameShape, sipShape } from './shape.ts';
import { commonSpelling } from './spelling.ts';

/** Where the engine said something else than the recording. */
export interface Deviation {
  /** What was recorded, in comparable form; undefined when the engine says more. */
  readonly recorded: string | undefined;
  /** What the engine said; undefined for nothing. */
  readonly here: string | undefined;
}

/** Steps of the engine's clock while nothing comes: first what a message takes, then up to its longest timer. */
const WAITS = [...Array<number>(40).fill(10), ...Array<number>(140).fill(500)];

/** A silence longer than this was meant. */
const LONG_MS = 900;

/** Real time given to a message before the engine's clock moves on. */
const STEP_MS = 1;

/** Turns of the loop in which a message passes through the engine, replies included. */
const TURNS = 8;

/** Plays applications and peers of a recording, and notes where the engine says something else than the server did. */
export async function replay(
  entries: readonly Entry[],
  prefix: string,
  compat: 'drachtio' | undefined,
): Promise<readonly Deviation[]> {
  const replayer = new Replayer(prefix, compat);
  await replayer.start();
  try {
    for (const [at, entry] of entries.entries())
      await replayer.play(
        entry,
        entries.slice(at + 1),
        entries.slice(0, at).findLast(({ dir }) => dir !== 'note'),
      );
    await replayer.drain();
    return withoutReordering(replayer.deviations);
  } finally {
    await replayer.stop();
  }
}

class Replayer {
  readonly deviations: Deviation[] = [];
  readonly #clock = new FakeClock();
  readonly #names: Names;
  readonly #prefix: string;
  readonly #compat: 'drachtio' | undefined;
  readonly #apps = new Map<string, { readonly app: RawApp; readonly inbox: string[] }>();
  readonly #peers = new Map<string, Peer>();
  #engine: SipEngine | undefined;
  #cseq = 500_000;

  constructor(prefix: string, compat: 'drachtio' | undefined) {
    this.#prefix = prefix;
    this.#compat = compat;
    this.#names = new Names(prefix);
  }

  async start(): Promise<void> {
    const address = `${this.#prefix}.1`;
    const contacts = [{ address, port: 5060, protocols: ['tcp' as const, 'udp' as const] }];
    const control = { address, port: 0, secret: 'cymru' };
    const options = { contacts, control, compat: this.#compat };
    const ids = { ...cryptoIds(), cseq: () => (this.#cseq += 10_007) };
    this.#engine = await startSipEngine(options, { clock: this.#clock, log: recordLogs(), ids });
  }

  async stop(): Promise<void> {
    for (const { app } of this.#apps.values()) app.close();
    for (const peer of this.#peers.values()) peer.socket.close();
    await this.#engine?.stop();
  }

  async play(entry: Entry, following: readonly Entry[], before: Entry | undefined): Promise<void> {
    switch (entry.dir) {
      case 'app>server':
        this.#passTime(entry, before);
        (await this.#app(entry.conn)).app.send(this.#names.toHere(entry.data));
        return;
      case 'sip-in':
        this.#passTime(entry, before);
        await this.#send(entry);
        return;
      case 'server>app':
        await this.#expectFrame(entry, following);
        return;
      case 'sip-out':
        await this.#expect(entry, following);
        return;
      case 'note': {
        const [, conn] = /^(\S+) closed by the app/.exec(entry.data) ?? [];
        if (conn !== undefined) this.#apps.get(conn)?.app.close();
      }
    }
  }

  /** What the engine has said beyond the recording. */
  async drain(): Promise<void> {
    await pause(20);
    this.#clock.advance(20);
    await pause(20);
    for (const { inbox } of this.#apps.values()) {
      for (const frame of inbox) this.#note(undefined, frameShape(this.#names.toRecorded(frame)));
    }
    for (const { inbox, seen } of this.#peers.values()) {
      for (const text of inbox.filter((one, at) => !seen.has(one) && inbox.indexOf(one) === at))
        this.#note(undefined, sipShape(this.#names.toRecorded(text)));
    }
  }

  #note(recorded: string | undefined, here: string | undefined): void {
    this.deviations.push({ recorded, here });
  }

  /** Long silences of the recording are as long for the engine. */
  #passTime({ t }: Entry, before: Entry | undefined): void {
    const silentMs = 1_000 * (t - (before?.t ?? 0));
    if (silentMs > LONG_MS) this.#clock.advance(silentMs);
  }

  async #send({ data, peer = '' }: Entry): Promise<void> {
    const { socket } = await this.#peer(peer);
    socket.send(Buffer.from(withLength(data, this.#names.toHere(data))), 5060, `${this.#prefix}.1`);
    await this.#settle();
  }

  async #expectFrame({ data: recorded, conn }: Entry, following: readonly Entry[]): Promise<void> {
    const { inbox } = await this.#app(conn);
    const later = following.filter((entry) => entry.dir === 'server>app' && entry.conn === conn);
    const here = await this.#nextLike(inbox, recorded, later, frameKind, frameShape);
    if (here !== undefined) {
      const theirs = recorded.split('\r\n', 1)[0]?.split('|') ?? [];
      const ours = here.split('\r\n', 1)[0]?.split('|') ?? [];
      for (const [at, token] of theirs.entries()) {
        const other = ours[at] ?? '';
        if (at > 2 && isUuid(token) && isUuid(other)) this.#names.same(token, other);
      }
      this.#names.learn(recorded.slice(recorded.indexOf('\r\n') + 2), here.slice(here.indexOf('\r\n') + 2));
    }
    const wanted = commonSpelling(frameShape(comparable(recorded)));
    const shown = here === undefined ? undefined : commonSpelling(frameShape(this.#names.toRecorded(here)));
    if (wanted !== shown) this.#note(wanted, shown);
  }

  /** Takes the next datagram; copies of earlier ones that were not recorded are a matter of time, not of content. */
  async #expect({ data, peer = '' }: Entry, following: readonly Entry[]): Promise<void> {
    const { inbox, seen } = await this.#peer(peer);
    const later = following.filter((entry) => entry.dir === 'sip-out' && entry.peer === peer);
    const wanted = commonSpelling(sipShape(comparable(data)));
    for (;;) {
      const here = await this.#nextLike(inbox, data, later, kindOf, sipShape, seen);
      if (here !== undefined) this.#names.learn(data, here);
      const shown = here === undefined ? undefined : commonSpelling(sipShape(this.#names.toRecorded(here)));
      const isCopy = here !== undefined && seen.has(here);
      if (here !== undefined) seen.add(here);
      if (wanted === shown) return;
      if (isCopy) continue;
      this.#note(wanted, shown);
      return;
    }
  }

  /** The next message of this kind. One of another kind is said too much, or comes later in the recording. */
  async #nextLike(
    inbox: string[],
    recorded: string,
    later: readonly Entry[],
    kind: (text: string) => string,
    shape: (text: string) => string,
    seen = new Set<string>(),
  ): Promise<string | undefined> {
    for (;;) {
      const here = await this.#next(inbox);
      if (here === undefined || kind(here) === kind(recorded)) return here;
      if (later.slice(0, 4).some(({ data }) => kind(data) === kind(here)) && !seen.has(here)) {
        inbox.unshift(here);
        return undefined;
      }
      if (!seen.has(here)) this.#note(undefined, shape(this.#names.toRecorded(here)));
      seen.add(here);
    }
  }

  /** The next message; time passes for the engine only while none comes. */
  async #next(inbox: string[]): Promise<string | undefined> {
    for (const ms of WAITS) {
      if (inbox.length === 0) await this.#settle();
      if (inbox.length > 0) break;
      this.#clock.advance(ms);
    }
    return inbox.shift();
  }

  /** Lets the engine take what it was sent: it runs in this process, so turns of the loop count, not time. */
  async #settle(): Promise<void> {
    await pause(STEP_MS);
    for (let turn = 0; turn < TURNS; turn++) await nextTurn();
  }

  async #app(conn = ''): Promise<{ app: RawApp; inbox: string[] }> {
    const known = this.#apps.get(conn);
    if (known !== undefined) return known;
    const app = await connectRawApp(this.#engine?.controlPort ?? 0, `${this.#prefix}.1`);
    const made = { app, inbox: [] as string[] };
    this.#apps.set(conn, made);
    void this.#collect(app, made.inbox);
    return made;
  }

  async #collect(app: RawApp, inbox: string[]): Promise<void> {
    for (;;) inbox.push(await app.next());
  }

  async #peer(name: string): Promise<Peer> {
    const [address = '', port = '5060'] = this.#names.moved(name).split(':');
    const key = `${address}:${port}`;
    const known = this.#peers.get(key);
    if (known !== undefined) return known;
    const socket = createSocket('udp4');
    const peer = { socket, inbox: [] as string[], seen: new Set<string>() };
    this.#peers.set(key, peer);
    socket.on('message', (bytes) => peer.inbox.push(bytes.toString()));
    socket.bind(Number(port), address);
    await once(socket, 'listening');
    return peer;
  }
}

interface Peer {
  readonly socket: Socket;
  readonly inbox: string[];
  /** What it has got. */
  readonly seen: Set<string>;
}

/** What is said a little earlier or later than recorded is not another thing. */
function withoutReordering(deviations: readonly Deviation[]): readonly Deviation[] {
  const left = [...deviations];
  for (const { recorded } of deviations.filter(({ here }) => here === undefined)) {
    const early = left.findIndex((one) => one.recorded === undefined && one.here === recorded);
    if (early < 0) continue;
    left.splice(early, 1);
    left.splice(
      left.findIndex((one) => one.here === undefined && one.recorded === recorded),
      1,
    );
  }
  return left;
}

/** What a frame is about: the command it answers, or the kind of its message. */
function frameKind(payload: string): string {
  const [, type = '', command = ''] = payload.split('\r\n', 1)[0]?.split('|') ?? [];
  return type === 'response' ? `response ${command}` : `${type} ${kindOf(payload.slice(payload.indexOf('\r\n') + 2))}`;
}

function isUuid(text: string): boolean {
  return /^[0-9a-f]{8}-[0-9a-f]{4}-4/.test(text);
}

/** A message whose addresses were changed, with its length changed by as much. */
function withLength(before: string, after: string): string {
  const bodyOf = (text: string): number => Buffer.byteLength(text.slice(text.indexOf('\r\n\r\n') + 4));
  const grown = bodyOf(after) - bodyOf(before);
  return after.replace(
    /^(Content-Length: *)(\d+)/im,
    (_, name: string, size: string) => name + String(Number(size) + grown),
  );
}
