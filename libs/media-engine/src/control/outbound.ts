import { connect, isIP, type Socket } from 'node:net';
import { type Clock } from '@callweave/clock';
import { type Logger } from '@callweave/telemetry';
import { type Channel } from '../channel/channel.ts';
import { channelData } from '../channel/channel-headers.ts';
import { CallRefusedError } from '../errors.ts';
import { type EslCommand } from './command-reader.ts';
import { type CommandDeps, runCommand } from './commands.ts';
import { type EventHub } from './event.ts';
import { channelDataFrame } from './frames.ts';
import { answer, type CommandOutcome, EslSession } from './session.ts';

/** Where an application waits for the connection to its call. */
export interface OutboundAddress {
  readonly host: string;
  readonly port: number;
}

/** Reads `192.0.2.1:8085`; undefined when it is none. Names are not looked up: they would lead past the list of peers. */
export function parseOutboundAddress(text: string): OutboundAddress | undefined {
  const [, host = '', port = ''] = /^\[?([0-9a-fA-F.:]+?)\]?:(\d{1,5})$/.exec(text.trim()) ?? [];
  return isIP(host) === 0 || Number(port) > 65_535 || Number(port) === 0 ? undefined : { host, port: Number(port) };
}

/** Connects to an application. Throws `CallRefusedError` of 503 when nobody answers in time. */
export function connectToApplication(
  to: OutboundAddress,
  { clock, timeoutMs }: { readonly clock: Clock; readonly timeoutMs: number },
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(to);
    const fail = (cause?: Error): void => {
      deadline.cancel();
      socket.destroy();
      reject(new CallRefusedError(503, `no application at ${to.host}:${to.port}`, { cause }));
    };
    const deadline = clock.after(timeoutMs, () => fail());
    socket.once('error', fail);
    socket.once('connect', () => {
      deadline.cancel();
      socket.off('error', fail);
      resolve(socket);
    });
  });
}

export interface OutboundDeps {
  readonly channel: Channel;
  readonly commands: CommandDeps;
  readonly hub: EventHub;
  readonly log: Logger;
  /** The application has closed the connection. */
  readonly onClosed: () => void;
}

/** The connection by which an application directs one call. Its `connect` is answered once the call is acknowledged. */
export class OutboundSession {
  readonly #deps: OutboundDeps;
  readonly #session: EslSession;
  #state: 'new' | 'asked' | 'acknowledged' | 'connected' = 'new';

  constructor(socket: Socket, deps: OutboundDeps) {
    this.#deps = deps;
    const { channel, log, hub } = deps;
    this.#session = new EslSession(socket, {
      log,
      uuid: channel.uuid,
      user: {
        onCommand: (session, command) => this.#onCommand(session, command),
        onClosed: (session) => {
          hub.remove(session);
          deps.onClosed();
        },
      },
    });
    hub.add(this.#session);
  }

  /** The caller has acknowledged the answer: from now on the application may act. */
  acknowledged(): void {
    if (this.#state === 'asked') {
      this.#state = 'connected';
      this.#session.resume(this.#channelData());
    } else if (this.#state === 'new') this.#state = 'acknowledged';
  }

  /** Says goodbye and closes. */
  end(): void {
    this.#session.end();
  }

  #onCommand(session: EslSession, command: EslCommand): CommandOutcome {
    if (command.line === 'connect' && this.#state === 'new') {
      this.#state = 'asked';
      return { kind: 'later' };
    }
    if (command.line === 'connect' && this.#state === 'acknowledged') {
      this.#state = 'connected';
      return { kind: 'answer', frame: this.#channelData() };
    }
    if (command.line !== 'connect' && this.#state === 'new') return answer('-ERR command not found');
    return runCommand(session, command, this.#deps.commands);
  }

  #channelData(): string {
    const { commands, channel } = this.#deps;
    return channelDataFrame(new Map([...commands.events.head('CHANNEL_DATA'), ...channelData(channel)]));
  }
}
