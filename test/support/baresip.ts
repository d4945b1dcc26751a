import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatHostPort } from '@callweave/sip';
import getPort from 'get-port';
import { z } from 'zod';
import { netstring, NetstringReader } from './netstring.ts';
import { samplesOf, toneWav } from './tone.ts';
import { tied } from './tied.ts';
import { until } from './until.ts';

const Event = z.object({ event: z.literal(true), type: z.string(), param: z.string().optional() });
export type BaresipEvent = z.infer<typeof Event>;
/** What it says of the audio of its call. */
const AudioDebug = z.object({ token: z.literal('audio_debug'), data: z.string() });

export interface BaresipOptions {
  readonly user: string;
  readonly password: string;
  /** `host:port` of the edge, or a name that is looked up. */
  readonly registrar: string;
  /** Who it asks for names, `ip:port`. */
  readonly nameServer?: string;
  /** Its own address; with one of IPv6 it knows no other. */
  readonly host?: '127.0.0.1' | '::1';
  readonly transport?: 'udp' | 'tcp' | 'tls';
  /** What it shows a server that asks for a certificate. */
  readonly certificate?: { readonly cert: string; readonly key: string };
  readonly regintSec?: number;
  /** What it plays into calls, Hz. */
  readonly toneHz?: number;
  /** Answers by itself unless told otherwise. */
  readonly answers?: boolean;
  readonly codec?: string;
}

const CERTIFICATE = 'certificate.pem';
const START_ATTEMPTS = 5;
const LOOPBACK = '127.0.0.1';
/** Between the ports of platforms and those that the system gives; its own choice would be those of phones. */
const RTP_PORTS = '30000-32700';

/** A real softphone, driven through its control connection. */
export interface Baresip {
  readonly events: readonly BaresipEvent[];
  /** Waits for the `count`-th event of a type. */
  waitFor(type: string, count?: number): Promise<BaresipEvent>;
  command(command: string, params?: string): void;
  /** What it heard so far: 16-bit samples at 8 kHz of its latest call, up to its first hold: it records nothing after. */
  heard(): Int16Array;
  /** RTP packets that its call has received since its session last changed. */
  received(): Promise<number>;
  /** What became of it so far, for whoever looks for the cause of a failure. */
  story(): string;
  /** Quits as a person would (it unregisters first) and waits until the process is gone. */
  quit(): Promise<void>;
}

/** Starts baresip with one account and no sound hardware. */
export async function startBaresip(options: BaresipOptions): Promise<Baresip> {
  const directory = mkdtempSync(join(tmpdir(), 'callweave-baresip-'));
  writeFileSync(join(directory, 'tone.wav'), toneWav(options.toneHz ?? 440));
  // The account comes over the control connection, or its first events would be over before we listen.
  writeFileSync(join(directory, 'accounts'), '');
  const { certificate } = options;
  if (certificate !== undefined) writeFileSync(join(directory, CERTIFICATE), certificate.cert + certificate.key);
  const further = [
    ...(certificate === undefined ? [] : [`sip_certificate ${join(directory, CERTIFICATE)}`]),
    ...(options.nameServer === undefined ? [] : [`dns_server ${options.nameServer}`]),
  ];
  const { child, gone, socket } = await run(directory, options.host ?? LOOPBACK, further);
  const events: BaresipEvent[] = [];
  const startedAt = performance.now();
  const story: string[] = [];
  let audio = '';
  const reader = new NetstringReader();
  socket.on('data', (chunk: Buffer) => {
    for (const payload of reader.push(chunk)) {
      const told: unknown = JSON.parse(payload);
      audio = AudioDebug.safeParse(told).data?.data ?? audio;
      const event = Event.safeParse(told);
      if (!event.success) continue;
      events.push(event.data);
      story.push(`${((performance.now() - startedAt) / 1_000).toFixed(1)} s ${event.data.type}`);
    }
  });
  socket.on('error', () => socket.destroy());
  const command = (name: string, params?: string): void => {
    socket.write(netstring(JSON.stringify({ command: name, params, token: name })));
  };
  command('uanew', account(options));
  const recordings = (): string[] => readdirSync(directory).filter((name) => name.endsWith('-dec.wav'));
  return {
    events,
    command,
    waitFor: async (type, count = 1) => {
      const found = (): BaresipEvent | undefined => events.filter((event) => event.type === type)[count - 1];
      await until(`${options.user} sees ${type} ${String(count)} times`, () => found() !== undefined);
      const event = found();
      if (event === undefined) throw new Error(type);
      return event;
    },
    heard: () => {
      const latest = recordings().sort().at(-1);
      return latest === undefined ? new Int16Array() : samplesOf(readFileSync(join(directory, latest)));
    },
    received: async () => {
      audio = '';
      command('audio_debug');
      await until(`${options.user} tells of its audio`, () => audio !== '');
      return Number(/rcvd=(\d+)/.exec(audio)?.[1] ?? 0);
    },
    story: () => {
      const end = child.signalCode ?? child.exitCode;
      const heard = recordings().map((name) => `${name} of ${String(statSync(join(directory, name)).size)} bytes`);
      return [options.user, ...story, ...heard, end === null ? 'it runs' : `it ended with ${String(end)}`].join(', ');
    },
    quit: async () => {
      command('quit');
      await gone;
      socket.destroy();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Runs it; somebody else may have taken one of its ports meanwhile, then it ends at once and is run with others. */
async function run(
  directory: string,
  host: string,
  further: readonly string[],
): Promise<{ child: ChildProcess; gone: Promise<unknown>; socket: Socket }> {
  const families = host.includes(':') ? ['-6'] : [];
  for (let attempt = 1; ; attempt++) {
    const sipPort = await freeSipPort(host);
    const controlPort = await getPort({ host: LOOPBACK, exclude: [sipPort, sipPort + 1] });
    writeFileSync(
      join(directory, 'config'),
      [config(host, sipPort, controlPort, directory), ...further, ''].join('\n'),
    );
    const child = spawn(...tied('baresip', ['-f', directory, ...families]), {
      cwd: directory,
      stdio: ['ignore', 'ignore', 'ignore'],
      env: { PATH: '/usr/bin:/usr/local/bin', HOME: directory },
    });
    const gone = once(child, 'exit');
    const socket = await control(controlPort, child);
    if (socket !== undefined) return { child, gone, socket };
    if (attempt === START_ATTEMPTS) throw new Error(`baresip ended with ${String(child.exitCode)}`);
  }
}

/** baresip takes the port after its own for TLS, asked or not. */
async function freeSipPort(host: string): Promise<number> {
  for (;;) {
    const port = await getPort({ host });
    if ((await getPort({ host, port: port + 1 })) === port + 1) return port;
  }
}

/** Undefined when it has ended instead of listening. */
async function control(port: number, child: ChildProcess): Promise<Socket | undefined> {
  let socket: Socket | undefined;
  await until('baresip listens', async () => {
    if (child.exitCode !== null) return true;
    const candidate = connect(port, LOOPBACK);
    const opened = await Promise.race([
      once(candidate, 'connect').then(() => true),
      once(candidate, 'close').then(() => false),
    ]).catch(() => false);
    if (opened) socket = candidate;
    return opened;
  });
  return socket;
}

function account({
  user,
  password,
  registrar,
  transport = 'udp',
  regintSec = 60,
  answers = true,
  codec = 'PCMU/8000/1',
}: BaresipOptions): string {
  return `<sip:${user}@${registrar};transport=${transport}>;auth_pass=${password};regint=${String(regintSec)};answermode=${answers ? 'auto' : 'manual'};audio_codecs=${codec}`;
}

function config(host: string, sipPort: number, controlPort: number, directory: string): string {
  return `
poll_method epoll
sip_listen ${formatHostPort(host, sipPort)}
net_interface ${host}
rtp_ports ${RTP_PORTS}
audio_player aubridge,null
audio_source aufile,${directory}/tone.wav
ausrc_srate 8000
auplay_srate 8000
ausrc_channels 1
auplay_channels 1
module_path /usr/lib/baresip/modules
module g711.so
module aufile.so
module aubridge.so
module sndfile.so
snd_path ${directory}
module uuid.so
module_tmp account.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen ${LOOPBACK}:${String(controlPort)}
`;
}
