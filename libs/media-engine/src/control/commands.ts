import { type Channel } from '../channel/channel.ts';
import { type ApiCommands } from './api.ts';
import { type EslCommand } from './command-reader.ts';
import { type EventSource } from './event-source.ts';
import { apiResponse, commandReply } from './frames.ts';
import { answer, type CommandOutcome, type EslSession } from './session.ts';

export interface CommandDeps {
  readonly api: ApiCommands;
  readonly events: EventSource;
  readonly channel: (uuid: string) => Channel | undefined;
  readonly newUuid: () => string;
}

type Handler = (session: EslSession, command: EslCommand, argument: string, deps: CommandDeps) => CommandOutcome;

/** Runs one command of a client that has been let in. */
export function runCommand(session: EslSession, command: EslCommand, deps: CommandDeps): CommandOutcome {
  const [, name = '', argument = ''] = /^(\S*)\s*(.*)$/s.exec(command.line) ?? [];
  const handler = handlers.get(name.toLowerCase());
  return handler === undefined ? answer('-ERR command not found') : handler(session, command, argument, deps);
}

const handlers: ReadonlyMap<string, Handler> = new Map<string, Handler>([
  ['api', (_session, _command, argument, { api }) => ({ kind: 'answer', frame: apiResponse(api.run(argument)) })],
  ['bgapi', runInBackground],
  ['event', subscribe],
  ['exit', () => ({ kind: 'goodbye', frame: commandReply('+OK bye') })],
  ['filter', filter],
  ['linger', () => answer('+OK will linger')],
  ['nixevent', unsubscribe],
  ['noevents', unsubscribeAll],
  ['nolinger', () => answer('+OK will not linger')],
  ['sendmsg', sendMessage],
]);

function subscribe(session: EslSession, _command: EslCommand, argument: string): CommandOutcome {
  const words = argument.split(/\s+/);
  const format = words[0] === 'json' || words[0] === 'plain' ? words[0] : undefined;
  if (words[0] === 'xml') return answer('-ERR xml is not supported');
  if (!session.subscription.add(format === undefined ? words : words.slice(1))) {
    return answer('-ERR no keywords supplied');
  }
  session.format = format ?? 'plain';
  return answer(`+OK event listener enabled ${session.format}`);
}

function unsubscribe(session: EslSession, _command: EslCommand, argument: string): CommandOutcome {
  session.subscription.remove(argument.split(/\s+/));
  return answer('+OK events nixed');
}

function unsubscribeAll(session: EslSession): CommandOutcome {
  session.subscription.clear();
  return answer('+OK no longer listening for events');
}

function filter(session: EslSession, _command: EslCommand, argument: string): CommandOutcome {
  const [, deletion, header, value = ''] = /^(delete\s+)?(\S+)\s*(.*)$/s.exec(argument) ?? [];
  if (header === undefined) return answer('-ERR invalid syntax');
  if (deletion !== undefined) {
    session.subscription.removeFilter(header, value === '' ? undefined : value);
    return answer(`+OK filter deleted. [${header}][${value}]`);
  }
  if (value === '') return answer('-ERR invalid syntax');
  session.subscription.addFilter(header, value);
  return answer(`+OK filter added. [${header}]=[${value}]`);
}

function runInBackground(
  _session: EslSession,
  { headers }: EslCommand,
  argument: string,
  { api, events, newUuid }: CommandDeps,
): CommandOutcome {
  const job = headers.get('job-uuid') ?? newUuid();
  const [, name = '', rest = ''] = /^(\S*)\s*(.*)$/s.exec(argument) ?? [];
  // The answer must be out before the event of the job it names.
  setImmediate(() => {
    const details = { 'Job-UUID': job, 'Job-Command': name, ...(rest === '' ? {} : { 'Job-Command-Arg': rest }) };
    events.publish({ name: 'BACKGROUND_JOB', headers: Object.entries(details), body: api.run(argument) });
  });
  return answer(`+OK Job-UUID: ${job}`, { 'Job-UUID': job });
}

/** `sendmsg UUID` with `call-command: execute` or `hangup`. */
function sendMessage(
  session: EslSession,
  { headers, body }: EslCommand,
  argument: string,
  { channel: find, newUuid }: CommandDeps,
): CommandOutcome {
  const uuid = argument === '' ? (session.uuid ?? '') : argument.trim();
  const channel = find(uuid);
  const refusal = answer(`-ERR invalid session id [${uuid}]`);
  if (channel === undefined) return refusal;
  const isHangup = headers.get('call-command') === 'hangup';
  const application = isHangup ? 'hangup' : headers.get('execute-app-name');
  if (application === undefined || (!isHangup && headers.get('call-command') !== 'execute')) {
    return answer('-ERR invalid call-command');
  }
  // A long argument may come as a body.
  const given = isHangup ? headers.get('hangup-cause') : (headers.get('execute-app-arg') ?? body);
  const execution = { application, argument: given ?? '', uuid: headers.get('event-uuid') ?? newUuid() };
  return channel.execute(execution) ? answer('+OK') : refusal;
}
