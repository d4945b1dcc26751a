import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { EslClient, type EslFrame, type TestEngine } from '@callweave/media-engine/testing';
import { openRawPhone, type RawPhone } from '@callweave/sip-engine/testing';

/** One line of a recording of the real server with drachtio-fsmrf: what one side did on one link. */
interface Line {
  readonly link: 'inbound' | 'outbound' | 'sip';
  readonly ev?: 'open' | 'fin' | 'error';
  readonly by?: 'app' | 'fs';
  readonly from?: 'app' | 'fs';
  readonly head?: string;
  readonly body?: string;
  readonly event?: Readonly<Record<string, string>>;
  readonly src?: string;
  readonly raw?: string;
}

/** What the recorded server did, and what ours did instead; to be equal. */
export interface Replayed {
  readonly wanted: readonly string[];
  readonly seen: readonly string[];
}

const RECORDED = {
  sip: '127.0.0.1:5280',
  phone: '127.0.0.1:5064',
  application: '127.0.0.1:18085',
  sounds: '/opt/labs/freeswitch/sounds/test',
  password: 'auth ClueCon',
};

/** Does to `engine` what the application and its SIP server did in a recording. */
export async function replay(name: string, engine: TestEngine): Promise<Replayed> {
  const text = readFileSync(new URL(`transcripts/${name}.jsonl`, import.meta.url), 'utf8');
  const lines = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
  const player = await Player.open(engine);
  try {
    for (const line of lines) await player.play(line);
    return { wanted: player.wanted, seen: player.seen };
  } finally {
    player.close();
  }
}

class Player {
  readonly wanted: string[] = [];
  readonly seen: string[] = [];
  readonly #phone: RawPhone;
  readonly #server: Server;
  readonly #calls: Socket[] = [];
  readonly #clients = new Map<'inbound' | 'outbound', EslClient>();
  readonly #engine: TestEngine;
  /** What stands in the recording, and what it is here. */
  readonly #names: [recorded: string, here: string][];
  #lastFromEngine = '';

  private constructor(engine: TestEngine, phone: RawPhone, server: Server) {
    this.#engine = engine;
    this.#phone = phone;
    this.#server = server;
    server.on('connection', (socket) => this.#calls.push(socket));
    const bound = server.address();
    const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
    this.#names = [
      [RECORDED.sip, engine.sipAddress],
      [RECORDED.phone, `127.0.0.1:${phone.port}`],
      [RECORDED.application, `127.0.0.1:${port}`],
      [RECORDED.sounds, engine.soundsDir],
      [RECORDED.password, `auth ${engine.password}`],
    ];
  }

  static async open(engine: TestEngine): Promise<Player> {
    const server = createServer().listen({ port: 0, host: '127.0.0.1' });
    await once(server, 'listening');
    return new Player(engine, await openRawPhone(), server);
  }

  close(): void {
    this.#phone.close();
    this.#server.close();
    for (const client of this.#clients.values()) client.close();
  }

  async play(line: Line): Promise<void> {
    if (line.link === 'sip') await this.#playSip(line);
    else if (line.ev === 'open') await this.#open(line.link);
    else if (line.from === 'app') this.#client(line.link).write(this.#here(line.head ?? ''));
    else if (line.from === 'fs') await this.#expect(line.link, line);
    else if (line.by === 'fs') await this.#client(line.link).closed();
  }

  async #open(link: 'inbound' | 'outbound'): Promise<void> {
    if (link === 'outbound' && this.#calls.length === 0) await once(this.#server, 'connection');
    const socket = this.#calls.shift();
    this.#clients.set(
      link,
      link === 'inbound' || socket === undefined ? EslClient.connect(this.#engine.eslPort) : new EslClient(socket),
    );
  }

  async #expect(link: 'inbound' | 'outbound', { head = '', body = '', event }: Line): Promise<void> {
    // One that comes every twenty seconds has a test of its own.
    if (event?.['Event-Name'] === 'HEARTBEAT') return;
    const frame = await this.#client(link).next();
    this.#learnUuid(event?.['Unique-ID'] ?? /^Unique-ID: (.*)$/m.exec(head)?.[1], frame);
    if (event !== undefined) {
      this.wanted.push(this.#here(summary(event)));
      this.seen.push(summary(JSON.parse(frame.body) as Record<string, string>));
    } else {
      this.wanted.push(this.#here(frameSummary({ head: head.replace(/\n\n$/, ''), body })));
      this.seen.push(frameSummary(frame));
    }
  }

  #learnUuid(recorded: string | undefined, { head, body }: EslFrame): void {
    if (recorded === undefined || this.#names.some(([name]) => name === recorded)) return;
    const here = /^Unique-ID: (.*)$/m.exec(head)?.[1] ?? /"Unique-ID":"([^"]*)"/.exec(body)?.[1];
    if (here !== undefined) this.#names.push([recorded, here]);
  }

  async #playSip({ src, raw = '' }: Line): Promise<void> {
    const port = Number(this.#engine.sipAddress.split(':')[1]);
    if (src === RECORDED.phone) {
      this.#phone.send(raw.startsWith('SIP/2.0') ? okTo(this.#lastFromEngine) : this.#request(raw), port);
      return;
    }
    if (raw.startsWith('SIP/2.0 100')) return;
    let message = await this.#phone.next();
    while (message.startsWith('SIP/2.0 100')) message = await this.#phone.next();
    this.#lastFromEngine = message;
    const [recorded, here] = [toTag(raw), toTag(message)];
    if (recorded !== undefined && here !== undefined) this.#names.push([recorded, here]);
    this.wanted.push(this.#here(sipSummary(raw)));
    this.seen.push(sipSummary(message));
  }

  #request(raw: string): string {
    const [head = '', body = ''] = raw.split('\r\n\r\n');
    // drachtio-srf acknowledges an offer with that very offer and `a=recvonly`.
    const isOwnOffer = raw.startsWith('ACK') && body.includes('\r\na=recvonly\r\nm=');
    const offer = this.#lastFromEngine.split('\r\n\r\n')[1] ?? '';
    const sdp = isOwnOffer ? offer.replace('\r\nm=', '\r\na=recvonly\r\nm=') : body;
    return `${this.#here(head).replace(/Content-Length: \d+/, `Content-Length: ${sdp.length}`)}\r\n\r\n${sdp}`;
  }

  #client(link: 'inbound' | 'outbound'): EslClient {
    const client = this.#clients.get(link);
    if (client === undefined) throw new Error(`the recording begins without ${link}`);
    return client;
  }

  #here(text: string): string {
    return this.#names.reduce((all, [recorded, here]) => all.replaceAll(recorded, here), text);
  }
}

const compared = [
  ...['Event-Name', 'Unique-ID', 'Channel-Call-State', 'Application', 'Application-Data', 'Application-Response'],
  ...['Playback-File-Path', 'Playback-Status', 'Hangup-Cause'],
];
const played = ['seconds', 'ms', 'samples'].map((name) => `variable_playback_${name}`);
const position = 'variable_playback_last_offset_pos';

/** The headers drachtio-fsmrf reads of an event. */
function summary(event: Readonly<Record<string, string>>): string {
  const names = [...compared];
  // The client knows nothing of the application below all others.
  if (event['Application'] !== 'socket') names.push('Application-UUID');
  const isPlayed = event['Application'] === 'playback' && event['Event-Name'] === 'CHANNEL_EXECUTE_COMPLETE';
  // Of several files the real server counts on; it means nothing.
  const isOne = isPlayed && event['Application-Data']?.includes('!') !== true;
  if (isOne) names.push(...played);
  // Where a hang-up finds a file depends on when it comes.
  if (isOne && event['Hangup-Cause'] === undefined) names.push(position);
  return names.map((name) => (event[name] === undefined ? '' : `${name}=${event[name]} `)).join('');
}

const data = [
  ...['Event-Name', 'Unique-ID', 'Channel-Unique-ID', 'Channel-Call-State', 'Answer-State', 'Channel-Read-Codec-Name'],
  ...['variable_sip_user_agent', 'variable_dtmf_type', 'variable_sip_call_id', 'variable_playback_terminators'],
  ...['variable_rtp_use_codec_name', 'Content-Type', 'Reply-Text', 'Socket-Mode', 'Control'],
];

function frameSummary({ head, body }: EslFrame): string {
  if (head.startsWith('Event-Name: CHANNEL_DATA')) return dataSummary(head);
  if (!head.includes('api/response')) return `${head}|${body}`;
  if (body.startsWith('Event-Name: CHANNEL_DATA')) return dataSummary(body);
  if (body.includes('mod_sofia'))
    return (
      body
        .split('\n')
        .find((row) => row.includes('drachtio_mrf'))
        ?.replace(/\s+/g, ' ') ?? ''
    );
  return /^[+-]/.test(body) ? body : 'some text';
}

function dataSummary(block: string): string {
  const lines = new Map(block.split('\n').map((line) => [line.split(': ', 1)[0] ?? '', line]));
  return data.map((name) => lines.get(name) ?? '').join('\n');
}

function sipSummary(message: string): string {
  const first = message.split('\r\n', 1)[0] ?? '';
  const reason = message.startsWith('BYE') ? (/^Reason: .*$/m.exec(message)?.[0] ?? '') : '';
  const audio = /^m=audio \d+ (RTP\/AVP \d+)/m.exec(message)?.[1] ?? '';
  return `${first.replace(/sip:\S+/, 'URI')} ${reason.trim()} ${audio}`;
}

function toTag(message: string): string | undefined {
  return message.startsWith('SIP/2.0 2') ? /^To:.*;tag=(\S+)\r$/m.exec(message)?.[1] : undefined;
}

function okTo(request: string): string {
  const lines = request.split('\r\n').filter((line) => /^(Via|From|To|Call-ID|CSeq):/.test(line));
  return ['SIP/2.0 200 OK', ...lines, 'Content-Length: 0', '', ''].join('\r\n');
}
