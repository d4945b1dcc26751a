import { type AudioStream } from '../media/audio-stream.ts';
import { type Paced } from '../media/pacer.ts';
import { type SoundLibrary } from '../sound/sound-library.ts';
import { type ApplicationContext, type Outcome, type RunningApplication } from './application.ts';
import { applications } from './applications.ts';
import { callHeaders } from './channel-headers.ts';
import { type HangupCause, hangupCause } from './hangup-cause.ts';
import { Variables } from './variables.ts';

/** What a call was told to do. */
export interface Execution {
  readonly application: string;
  readonly argument: string;
  /** The client's name for this execution; it waits for an event that repeats it. */
  readonly uuid: string;
}

export interface ChannelDeps {
  readonly uuid: string;
  readonly name: string;
  readonly stream: AudioStream;
  readonly sounds: SoundLibrary;
  readonly publish: (name: string, headers: Iterable<readonly [string, string]>) => void;
  /** The call is over; `byUs` when the caller has still to be told. Called once, after every event. */
  readonly onOver: (cause: HangupCause, byUs: boolean) => void;
}

/** More than this waits only when a client does not wait for answers. */
const MAX_WAITING = 256;

/** What the last application came to. */
const RESPONSE = 'current_application_response';

interface Running {
  readonly execution: Execution;
  readonly application: RunningApplication;
}

/** One call with a media server: its sound, its variables, and the applications that run on top of each other. */
export class Channel implements Paced {
  readonly uuid: string;
  readonly name: string;
  readonly variables = new Variables();
  readonly stream: AudioStream;
  readonly #deps: ChannelDeps;
  readonly #context: ApplicationContext;
  readonly #stack: Running[] = [];
  #waiting: Execution[] = [];
  #cause: HangupCause | undefined;
  #isOver = false;

  constructor(deps: ChannelDeps) {
    this.#deps = deps;
    this.uuid = deps.uuid;
    this.name = deps.name;
    this.stream = deps.stream;
    this.#context = {
      variables: this.variables,
      sounds: deps.sounds,
      emit: (name, headers) => this.#emit(name, headers),
    };
  }

  /** Why the call ends or has ended; undefined while it lasts. */
  get cause(): HangupCause | undefined {
    return this.#cause;
  }

  /** Whether nothing is left of it; until then what is interrupted still tells its end. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Runs an application from the next beat on, on top of what runs. False when the call is over. */
  execute(execution: Execution): boolean {
    if (this.#cause !== undefined || this.#waiting.length >= MAX_WAITING) return false;
    this.#waiting.push(execution);
    return true;
  }

  /** Stops the application on top. */
  break(): void {
    const top = this.#stack.pop();
    if (top !== undefined) this.#complete(top.execution, top.application.stop('break'));
  }

  beat(): void {
    const heard = this.stream.hear();
    this.#begin();
    if (this.#cause === undefined) this.stream.say(this.#render(heard));
  }

  /** Ends the call. Everything that runs or waits is told complete, since clients wait for it. */
  hangUp(cause: HangupCause, byUs: boolean, last?: Execution): void {
    if (this.#cause !== undefined) return;
    if (last !== undefined) this.#announce(last);
    this.#cause = cause;
    this.variables.set('hangup_cause', cause.name);
    for (const { execution, application } of this.#stack.splice(0).reverse()) {
      this.#complete(execution, application.stop('hangup'));
    }
    if (last !== undefined) this.#complete(last, '_none_');
    for (const execution of this.#waiting) this.#complete(execution, '_none_');
    this.#waiting = [];
    this.#completeSocket();
    this.#isOver = true;
    this.#deps.publish('CHANNEL_CALLSTATE', [['Original-Channel-Call-State', 'ACTIVE'], ...callHeaders(this)]);
    this.stream.close();
    this.#deps.onOver(cause, byUs);
  }

  #begin(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const [index, execution] of waiting.entries()) {
      const { application: name, argument } = execution;
      const kind = applications.get(name);
      if (name === 'hangup' || kind === undefined) {
        this.#waiting = waiting.slice(index + 1);
        if (kind === undefined && name !== 'hangup') this.hangUp(hangupCause('DESTINATION_OUT_OF_ORDER'), true);
        else this.hangUp(hangupCause(argument), true, execution);
        return;
      }
      this.#announce(execution);
      if (kind.kind === 'instant') this.#complete(execution, kind.run(this.#context, argument));
      else this.#stack.push({ execution, application: kind.start(this.#context, argument) });
    }
  }

  /** The frame of whatever is on top; what is done makes room for what it interrupted. */
  #render(heard: Int16Array | undefined): Int16Array | undefined {
    for (let top = this.#stack.at(-1); top !== undefined; top = this.#stack.at(-1)) {
      const beat = top.application.beat(heard);
      if (beat.kind === 'frame') return beat.samples;
      this.#stack.pop();
      this.#complete(top.execution, beat.outcome);
    }
    return undefined;
  }

  #announce({ application, argument, uuid }: Execution): void {
    this.variables.set('current_application', application);
    this.variables.set('current_application_data', argument);
    this.variables.set(RESPONSE, '');
    this.#emit('CHANNEL_EXECUTE', {
      Application: application,
      ...(argument === '' ? {} : { 'Application-Data': argument }),
      'Application-UUID': uuid,
    });
  }

  #complete(execution: Execution, outcome: Outcome): void {
    if (outcome !== '_none_') this.variables.set(RESPONSE, outcome);
    this.#emit('CHANNEL_EXECUTE_COMPLETE', { ...completed(execution, outcome), 'Application-UUID': execution.uuid });
  }

  /** Below all others is the application that the call has run since it was answered: the connection to its client. */
  #completeSocket(): void {
    const argument = `${this.variables.get('socket_host') ?? ''} async full`;
    const response = this.variables.get(RESPONSE) ?? '_none_';
    this.#emit('CHANNEL_EXECUTE_COMPLETE', completed({ application: 'socket', argument }, response));
  }

  #emit(name: string, headers: Readonly<Record<string, string>>): void {
    this.#deps.publish(name, [...callHeaders(this), ...this.variables.headers(), ...Object.entries(headers)]);
  }
}

function completed(
  { application, argument }: Pick<Execution, 'application' | 'argument'>,
  outcome: string,
): Record<string, string> {
  return {
    Application: application,
    ...(argument === '' ? {} : { 'Application-Data': argument }),
    'Application-Response': outcome,
  };
}
