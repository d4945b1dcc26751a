import { type Clock } from '@callweave/clock';
import { type Channel } from '../channel/channel.ts';
import { callHeaders } from '../channel/channel-headers.ts';
import { hangupCause } from '../channel/hangup-cause.ts';
import { ENGINE_NAME } from '../options.ts';
import { type EventSource } from './event-source.ts';
import { headerBlock } from './frames.ts';

export interface ApiDeps {
  readonly clock: Clock;
  readonly events: EventSource;
  readonly channels: ReadonlyMap<string, Channel>;
  readonly profile: string;
  /** `address:port` that calls are sent to. */
  readonly sipAddress: () => string;
  readonly newUuid: () => string;
}

type ApiCommand = (argument: string) => string;

/** The commands that are answered with a text: about the server, and about a call by its uuid. */
export class ApiCommands {
  readonly #deps: ApiDeps;
  readonly #startedMs: number;
  readonly #commands: ReadonlyMap<string, ApiCommand>;

  constructor(deps: ApiDeps) {
    this.#deps = deps;
    this.#startedMs = deps.clock.monotonicMs();
    const { newUuid, channels } = deps;
    this.#commands = new Map<string, ApiCommand>([
      ['create_uuid', () => newUuid()],
      ['show', (argument) => this.#show(argument)],
      ['sofia', (argument) => (argument.trim() === 'status' ? this.#profiles() : '-ERR no reply\n')],
      ['status', () => this.#status()],
      ['uuid_break', (argument) => this.#onChannel(argument, (channel) => afterAnswer(() => channel.break()))],
      ['uuid_dump', (argument) => this.#withChannel(argument, (channel) => this.#dump(channel))],
      ['uuid_exists', (argument) => String(channels.has(argument.trim()))],
      ['uuid_getvar', (argument) => this.#withChannel(argument, getVariable)],
      ['uuid_kill', (argument) => this.#onChannel(argument, (channel, [cause]) => hangUp(channel, cause))],
      ['uuid_set_media_stats', (argument) => this.#mediaStats(argument)],
      ['uuid_setvar', (argument) => this.#onChannel(argument, setVariable)],
      ['version', () => `${ENGINE_NAME}\n`],
    ]);
  }

  /** Runs `NAME ARGUMENT`; what is unknown is told in the answer. */
  run(line: string): string {
    const [, name = '', argument = ''] = /^\s*(\S*)\s*(.*)$/s.exec(line) ?? [];
    const command = this.#commands.get(name.toLowerCase());
    return command === undefined ? `-ERR ${name} Command not found!\n` : command(argument);
  }

  #onChannel(argument: string, action: (channel: Channel, rest: string[]) => void): string {
    return this.#withChannel(argument, (channel, rest) => {
      action(channel, rest);
      return '+OK\n';
    });
  }

  #withChannel(argument: string, action: (channel: Channel, rest: string[]) => string): string {
    const [uuid = '', ...rest] = argument.trim().split(/\s+/);
    const channel = this.#deps.channels.get(uuid);
    return channel === undefined ? '-ERR No such channel!\n' : action(channel, rest);
  }

  #mediaStats(argument: string): string {
    const uuid = argument.trim();
    return this.#deps.channels.has(uuid) ? '+OK:\n' : `-ERR No such channel ${uuid}!\n`;
  }

  #dump(channel: Channel): string {
    const { events } = this.#deps;
    const headers = new Map([...events.head('CHANNEL_DATA'), ...callHeaders(channel), ...channel.variables.headers()]);
    return `${headerBlock(headers)}\n`;
  }

  #show(argument: string): string {
    const { size } = this.#deps.channels;
    return /^channels\s+count/.test(argument) ? `\n${size} total.\n` : '-ERR no reply\n';
  }

  #status(): string {
    const upSec = Math.floor((this.#deps.clock.monotonicMs() - this.#startedMs) / 1_000);
    return `UP ${upSec} seconds\n${ENGINE_NAME} is ready\n${this.#deps.channels.size} session(s)\n`;
  }

  /** Laid out as clients read it: the line of the profile, its address in the third column. */
  #profiles(): string {
    const { profile, sipAddress } = this.#deps;
    const row = (name: string, type: string, data: string, state: string): string =>
      `${name.padStart(25)}\t${type.padStart(7)}\t${data.padStart(42)}\t${state}\n`;
    const rule = `${'='.repeat(97)}\n`;
    const line = row(profile, 'profile', `sip:mod_sofia@${sipAddress()}`, 'RUNNING (0)');
    return `${row('Name', 'Type', 'Data', 'State')}${rule}${line}${rule}1 profile 0 aliases\n`;
  }
}

function getVariable(channel: Channel, [name = '']: string[]): string {
  return channel.variables.get(name) ?? '_undef_';
}

function setVariable(channel: Channel, [name = '', ...words]: string[]): void {
  channel.variables.set(name, words.join(' '));
}

function hangUp(channel: Channel, cause: string | undefined): void {
  afterAnswer(() => channel.hangUp(hangupCause(cause), true));
}

/** What makes events waits until the answer is out: the client may be told of them on the same connection. */
function afterAnswer(action: () => void): void {
  setImmediate(action);
}
