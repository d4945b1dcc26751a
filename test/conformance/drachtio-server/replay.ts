import { FakeClock } from '@callweave/clock/testing';
import { type SipEngine, startSipEngine } from '@callweave/sip-engine';
import { connectRawApp, type RawApp, rawAppOn, testCertificate } from '@callweave/sip-engine/testing';
import { cryptoIds } from '@callweave/sip';
import { recordLogs } from '@callweave/telemetry/testing';
import { askedEarlier, askEarlier } from './earlier.ts';
import { comparable, kindOf, Names } from './names.ts';
import { listenOutbound, type Outbound } from './outbound.ts';
import { openTcpPeer, openTlsPeer, openUdpPeer, openWsPeer, type Peer } from './peers.ts';
import { contactsOf, type Entry, readRecording } from './recording.ts';
import { frameShape, sipShape, withoutSize } from './shape.ts';
import { commonSpelling } from './spelling.ts';
import { Wire } from './wire.ts';

/** Where the engine said something else than the recording. */
export interface Deviation {
  /** What was recorded, in comparable form; undefined when the engine says more. */
  readonly recorded: string | undefined;
  /** What the engine said; undefined for nothing. */
  readonly here: string | undefined;
}

/** Steps of the engine's clock while nothing comes: first what a message takes, then up to its longest timer. */
const WAITS = [...Array<number>(40).fill(10), ...Array<number>(140).fill(500)];

/** What the recorded server's was called nobody asked. */
const certificate = testCertificate('engine');

/** How recordings begin to tell of a request handler. */
const ASKED = 'http handler called: ';
const ANSWERED = 'http handler answered ';

/** A silence longer than this was meant. */
const LONG_MS = 900;

/** Peers that are named by their transport: where they are, and which port of the engine they connect to. */
const STREAMS = {
  TCP: { host: 11, enginePort: 5060, open: openTcpPeer },
  TLS: { host: 1, enginePort: 5061, open: openTlsPeer },
  WS: { host: 1, enginePort: 5080, open: openWsPeer },
} as const;

/** Plays applications and peers of a recording, and notes where the engine says something else than the server did. */
export async function replay(
  name: string,
  prefix: string,
  compat: 'drachtio' | undefined,
): Promise<readonly Deviation[]> {
  const entries = readRecording(name);
  const replayer = new Replayer(entries, prefix, compat);
  await replayer.start(askedEarlier[name] ?? []);
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
  readonly #wire = new Wire();
  readonly #entries: readonly Entry[];
  readonly #clock = new FakeClock();
  readonly #names: Names;
  readonly #prefix: string;
  readonly #compat: 'drachtio' | undefined;
  readonly #apps = new Map<string, { readonly app: RawApp; readonly inbox: string[] }>();
  readonly #peers = new Map<string, Peer>();
  #engine: SipEngine | undefined;
  #outbound: Outbound | undefined;
  #cseq = 500_000;

  constructor(entries: readonly Entry[], prefix: string, compat: 'drachtio' | undefined) {
    this.#entries = entries;
    this.#prefix = prefix;
    this.#compat = compat;
    this.#names = new Names(prefix, { signsRoutes: compat === undefined });
  }

  async start(earlier: readonly string[]): Promise<void> {
    const address = `${this.#prefix}.1`;
    const contacts = contactsOf(this.#entries).map((one) => ({ ...one, address: this.#names.moved(one.address) }));
    const control = { address, port: 0, secret: 'cymru' };
    const none = (): Promise<never[]> => Promise.resolve([]);
    const resolver = { isLocal: () => Promise.resolve(true), services: none, servers: none, addresses: none };
    if (this.#entries.some(({ data }) => data.startsWith(ASKED))) this.#outbound = await listenOutbound(address);
    const requestHandlers = this.#outbound?.handlers;
    const options = {
      contacts,
      control,
      compat: this.#compat,
      resolver,
      requestHandlers,
      cdrs: true,
      tls: certificate,
    };
    const ids = { ...cryptoIds(), cseq: () => (this.#cseq += 10_007) };
    this.#engine = await startSipEngine(options, { clock: this.#clock, log: recordLogs(), ids });
    if (earlier.length > 0) await askEarlier(this.#engine.controlPort, address, earlier);
  }

  async stop(): Promise<void> {
    for (const { app } of this.#apps.values()) app.close();
    for (const peer of this.#peers.values()) peer.close();
    this.#outbound?.close();
    await this.#engine?.stop();
    this.#wire.release();
  }

  async play(entry: Entry, following: readonly Entry[], before: Entry | undefined): Promise<void> {
    switch (entry.dir) {
      case 'app>server':
        this.#passTime(entry, before);
        (await this.#app(entry.conn)).app.send(this.#names.toHere(entry.data));
        await this.#wire.quiet();
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
      case 'note':
        this.#heed(entry.data);
        await this.#wire.quiet();
    }
  }

  /** What the recording tells besides messages. */
  #heed(text: string): void {
    const [, closed] = /^(\S+) closed by the app/.exec(text) ?? [];
    if (closed !== undefined) this.#apps.get(closed)?.app.close();
    const [, opened] = /^server opened outbound connection (\S+)/.exec(text) ?? [];
    const socket = opened === undefined ? undefined : this.#outbound?.connected.shift();
    if (opened !== undefined && socket !== undefined) this.#addApp(opened, rawAppOn(socket));
    if (text.startsWith(ASKED)) {
      const wanted = comparable(decodeURIComponent(text.slice(ASKED.length)));
      const asked = this.#outbound?.asked.shift();
      const here = asked === undefined ? undefined : this.#names.toRecorded(asked);
      if (wanted !== here) this.#note(wanted, here);
    }
    if (text.startsWith(ANSWERED)) this.#outbound?.answer(this.#names.moved(text.slice(ANSWERED.length)));
  }

  /** What the engine has said beyond the recording. */
  async drain(): Promise<void> {
    await this.#wire.quiet();
    this.#clock.advance(20);
    await this.#wire.quiet();
    for (const { inbox } of this.#apps.values()) {
      for (const frame of inbox) this.#note(undefined, this.#here(frame, frameShape));
    }
    for (const { inbox, seen } of this.#peers.values()) {
      for (const text of inbox.filter((one, at) => !seen.has(one) && inbox.indexOf(one) === at))
        this.#note(undefined, this.#here(text, sipShape));
    }
  }

  /** What was recorded, in comparable form. */
  #recorded(text: string, shape: (text: string) => string): string {
    return this.#spelled(shape(comparable(withoutSize(text))));
  }

  /** What the engine says, in the same form. */
  #here(text: string, shape: (text: string) => string): string {
    return this.#spelled(shape(this.#names.toRecorded(withoutSize(text))));
  }

  /** With `--compat drachtio` there is one spelling, that of the recording. */
  #spelled(text: string): string {
    return this.#compat === undefined ? commonSpelling(text) : text;
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
    const sender = await this.#peer(peer);
    sender.send(withLength(data, this.#names.toHere(data)));
    await this.#wire.quiet();
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
    const wanted = this.#recorded(recorded, frameShape);
    const shown = here === undefined ? undefined : this.#here(here, frameShape);
    if (wanted !== shown) this.#note(wanted, shown);
  }

  /** Takes the next datagram; copies of earlier ones that were not recorded are a matter of time, not of content. */
  async #expect({ data, peer = '' }: Entry, following: readonly Entry[]): Promise<void> {
    const { inbox, seen } = await this.#peer(peer);
    const later = following.filter((entry) => entry.dir === 'sip-out' && entry.peer === peer);
    const wanted = this.#recorded(data, sipShape);
    for (;;) {
      const here = await this.#nextLike(inbox, data, later, kindOf, sipShape, seen);
      if (here !== undefined) this.#names.learn(data, here);
      const shown = here === undefined ? undefined : this.#here(here, sipShape);
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
      // Two timers that end at the same moment.
      const beside = inbox.findIndex((one) => kind(one) === kind(recorded));
      if (beside >= 0 && later.slice(0, 4).some(({ data }) => kind(data) === kind(here))) {
        inbox.unshift(here);
        return inbox.splice(beside + 1, 1)[0];
      }
      if (later.slice(0, 4).some(({ data }) => kind(data) === kind(here)) && !seen.has(here)) {
        inbox.unshift(here);
        return undefined;
      }
      if (!seen.has(here)) this.#note(undefined, this.#here(here, shape));
      seen.add(here);
    }
  }

  /** The next message; time passes for the engine only while none comes. */
  async #next(inbox: string[]): Promise<string | undefined> {
    for (const ms of WAITS) {
      if (inbox.length === 0) await this.#wire.quiet();
      if (inbox.length > 0) break;
      this.#clock.advance(ms);
    }
    return inbox.shift();
  }

  async #app(conn = ''): Promise<{ app: RawApp; inbox: string[] }> {
    const known = this.#apps.get(conn);
    if (known !== undefined) return known;
    const app = await connectRawApp(this.#engine?.controlPort ?? 0, `${this.#prefix}.1`);
    return this.#addApp(conn, app);
  }

  #addApp(conn: string, app: RawApp): { app: RawApp; inbox: string[] } {
    const made = { app, inbox: [] as string[] };
    this.#apps.set(conn, made);
    void this.#collect(app, made.inbox);
    return made;
  }

  async #collect(app: RawApp, inbox: string[]): Promise<void> {
    for (;;) inbox.push(await app.next());
  }

  async #peer(name: string): Promise<Peer> {
    const known = this.#peers.get(name);
    if (known !== undefined) return known;
    const peer = await this.#openPeer(name);
    this.#peers.set(name, peer);
    return peer;
  }

  async #openPeer(name: string): Promise<Peer> {
    const engine = `${this.#prefix}.1`;
    if (!isStream(name)) {
      const [address = '', port = '5060'] = this.#names.moved(name).split(':');
      return openUdpPeer({ address, engine, enginePort: 5060 }, Number(port));
    }
    const { host, enginePort, open } = STREAMS[name];
    const peer = await open({ address: `${this.#prefix}.${host}`, engine, enginePort });
    const [, recorded = ''] =
      this.#entries.map(({ dir, data }) => (dir === 'sip-out' ? /;rport=(\d+)/.exec(data) : null)).find(Boolean) ?? [];
    this.#names.same(`;rport=${recorded}`, `;rport=${peer.port}`);
    this.#names.same(`|${recorded}|`, `|${peer.port}|`);
    return peer;
  }
}

function isStream(name: string): name is keyof typeof STREAMS {
  return name in STREAMS;
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
