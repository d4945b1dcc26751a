import { hostname } from 'node:os';
import { type Clock } from '@callweave/clock';
import { type EslEvent, type EventHub } from './event.ts';

export interface EventSourceDeps {
  readonly clock: Clock;
  readonly hub: EventHub;
  readonly coreUuid: string;
  readonly address: string;
}

/** What happened, without what every event has. */
export interface Happening extends Omit<EslEvent, 'headers'> {
  readonly headers: Iterable<readonly [string, string]>;
}

/** Makes events complete: who says it, when, and the how manieth it is. */
export class EventSource {
  readonly #deps: EventSourceDeps;
  #sequence = 0;

  constructor(deps: EventSourceDeps) {
    this.#deps = deps;
  }

  publish({ name, subclass, headers, body }: Happening): void {
    const own = subclass === undefined ? [] : [['Event-Subclass', subclass] as const];
    const all = new Map([...this.head(name), ...own, ...headers]);
    this.#deps.hub.publish({ name, subclass, headers: all, body });
  }

  /** The headers every event begins with. */
  head(name: string): readonly (readonly [string, string])[] {
    const { clock, coreUuid, address } = this.#deps;
    const now = clock.epochMs();
    return [
      ['Event-Name', name],
      ['Core-UUID', coreUuid],
      ['FreeSWITCH-Hostname', hostname()],
      ['FreeSWITCH-IPv4', address],
      ['Event-Date-GMT', new Date(now).toUTCString()],
      ['Event-Date-Timestamp', `${Math.floor(now)}000`],
      ['Event-Sequence', String(++this.#sequence)],
    ];
  }
}
