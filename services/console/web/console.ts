import {
  type BusState,
  type CallCounts,
  type CallHappening,
  type CallPage,
  type Happening,
  type Instance,
  type RecentEvents,
  type RegistrationHappening,
  type RegistrationPage,
  type Status,
} from '../src/api.ts';
import { ApiError, get, isSignedIn, signIn, withQuery } from './api.ts';
import { applyToCalls, applyToRegistrations, PAGE_ROWS } from './apply.ts';
import { Pages, throttle } from './pages.ts';

/** How the page stands with the console: `lost` means trying again. */
export type Link = 'signed-out' | 'connecting' | 'open' | 'lost';

/** What the console sends, by the name of the event. */
interface Events {
  readonly call: CallHappening;
  readonly registration: RegistrationHappening;
  readonly counts: CallCounts;
  readonly instances: readonly Instance[];
  readonly bus: BusState;
  readonly reset: unknown;
}

const FEED_ROWS = 60;
const CALLS_EVERY_MS = 1_000;
/** Each time the registrar lists all its users. */
const REGISTRATIONS_EVERY_MS = 3_000;
const RETRY_MS = 2_000;

/** What the page knows, kept up to date by the console's events; `changed` is called whenever there is more to show. */
export class Console {
  link: Link = 'connecting';
  bus: BusState = 'connected';
  /** When what is shown was last known to be right, epoch ms here. */
  heardAt = Date.now();
  problem = '';
  tenant = 'default';
  tenants: readonly string[] = [];
  version = '';
  counts: CallCounts = { routing: 0, ringing: 0, answered: 0 };
  instances: readonly Instance[] | undefined;
  feed: readonly Happening[] = [];
  /** Why the registrations cannot be had; empty when they can. */
  registrationsProblem = '';
  readonly calls: Pages<CallPage>;
  readonly registrations: Pages<RegistrationPage>;
  /** The console's clock minus ours. */
  #aheadMs = 0;
  #events: EventSource | undefined;
  readonly #changed: () => void;
  readonly #moreCalls: () => void;
  readonly #moreRegistrations: () => void;

  constructor(changed: () => void) {
    this.#changed = changed;
    const pageOf = (after: string | undefined): Record<string, string | undefined> => {
      return { tenant: this.tenant, after, limit: String(PAGE_ROWS) };
    };
    this.calls = new Pages((after) => get<CallPage>('calls', pageOf(after)), changed);
    this.registrations = new Pages((after) => get<RegistrationPage>('registrations', pageOf(after)), changed);
    this.#moreCalls = throttle(CALLS_EVERY_MS, () => this.#guard(this.calls.reload()));
    this.#moreRegistrations = throttle(REGISTRATIONS_EVERY_MS, () =>
      this.#askRegistrations(this.registrations.reload()),
    );
  }

  /** Now, by the clock that the times we show were taken from. */
  now(): number {
    return Date.now() + this.#aheadMs;
  }

  /** Starts, or starts again after signing in. */
  async start(): Promise<void> {
    try {
      if (await isSignedIn()) await this.#load();
      else this.#enter('signed-out');
    } catch (error) {
      this.#failed(error);
      setTimeout(() => void this.start(), RETRY_MS);
    }
  }

  /** Signs in; a wrong token is told in `problem`. */
  async signIn(token: string): Promise<void> {
    try {
      await signIn(token);
      this.problem = '';
      await this.start();
    } catch (error) {
      this.#failed(error, 'signed-out');
    }
  }

  async choose(tenant: string): Promise<void> {
    this.tenant = tenant;
    try {
      await this.#load();
    } catch (error) {
      this.#failed(error);
    }
  }

  turn(pages: 'calls' | 'registrations', way: 'forward' | 'back'): void {
    if (pages === 'calls') this.#guard(this.calls[way]());
    else this.#askRegistrations(this.registrations[way]());
  }

  async #load(): Promise<void> {
    const { tenant } = this;
    const asked = Date.now();
    const status = await get<Status>('status');
    this.#aheadMs = status.now - (asked + Date.now()) / 2;
    Object.assign(this, { version: status.version, tenants: status.tenants, bus: status.bus });
    // The feed comes first: what happens between it and the lists is told again, which does no harm.
    const recent = await get<RecentEvents>('events/recent', { tenant, limit: String(PAGE_ROWS) });
    this.feed = recent.events.filter(isShown).toReversed();
    await this.calls.restart();
    this.#listen(recent.cursor);
    this.#askRegistrations(this.registrations.restart());
  }

  /** The browser comes back by itself and says where it was. */
  #listen(cursor: string): void {
    this.#events?.close();
    const events = new EventSource(withQuery('events', { tenant: this.tenant, after: cursor }));
    this.#events = events;
    const on = <N extends keyof Events>(name: N, hear: (data: Events[N]) => void): void => {
      events.addEventListener(name, (event: MessageEvent<string>) => {
        this.heardAt = Date.now();
        hear(JSON.parse(event.data) as Events[N]);
        this.#changed();
      });
    };
    events.onopen = () => this.#enter('open');
    events.onerror = () => {
      this.#enter('lost');
      // A refused stream is not tried again by the browser: the session may have ended.
      if (events.readyState === EventSource.CLOSED) setTimeout(() => void this.start(), RETRY_MS);
    };
    on('counts', (counts) => (this.counts = counts));
    on('instances', (instances) => (this.instances = instances));
    on('bus', (bus) => {
      const isBack = this.bus === 'away' && bus === 'connected';
      this.bus = bus;
      if (isBack) this.#refresh();
    });
    on('reset', () => this.#refresh());
    on('call', (happening) => this.#heardOfCall(happening));
    on('registration', (happening) => this.#heardOfRegistration(happening));
  }

  #heardOfCall(happening: CallHappening): void {
    this.#note(happening);
    const isOver = happening.call.state === 'ended';
    this.calls.patch((page) => applyToCalls(page, happening, this.calls.isFirst));
    // A row became free, and there are more.
    if (isOver && !this.calls.isLast) this.#moreCalls();
  }

  #heardOfRegistration(happening: RegistrationHappening): void {
    this.#note(happening);
    const { page } = this.registrations;
    const patched = page === undefined ? undefined : applyToRegistrations(page, happening);
    if (patched === undefined) {
      // A device that stays and is on another page changes nothing here.
      if (happening.kind !== 'refreshed') this.#moreRegistrations();
    } else this.registrations.patch(() => patched);
  }

  #note(happening: Happening): void {
    if (isShown(happening)) this.feed = [happening, ...this.feed].slice(0, FEED_ROWS);
  }

  #refresh(): void {
    this.#moreCalls();
    this.#moreRegistrations();
  }

  #enter(link: Link): void {
    this.link = link;
    if (link === 'open') {
      this.problem = '';
      this.heardAt = Date.now();
    }
    this.#changed();
  }

  /** The registrar may be away while the rest is there. */
  #askRegistrations(work: Promise<void>): void {
    const asked = work.then(
      () => {
        this.registrationsProblem = '';
      },
      (error: unknown) => {
        if (error instanceof ApiError && error.status !== 401) {
          this.registrationsProblem = error.message;
          setTimeout(this.#moreRegistrations, RETRY_MS);
          this.#changed();
        } else throw error;
      },
    );
    this.#guard(asked);
  }

  /** A list that cannot be had now is asked for again with the next event, or when the bus is back. */
  #guard(work: Promise<void>): void {
    work.catch((error: unknown) => {
      if (error instanceof ApiError && error.status === 401) void this.start();
      else if (!(error instanceof ApiError)) throw error;
    });
  }

  #failed(error: unknown, link: Link = 'lost'): void {
    if (!(error instanceof ApiError)) throw error;
    this.problem = error.message;
    this.#enter(link);
  }
}

/** A device that merely stays is no news. */
function isShown(happening: Happening): boolean {
  return happening.kind !== 'refreshed' && happening.kind !== 'routed';
}
