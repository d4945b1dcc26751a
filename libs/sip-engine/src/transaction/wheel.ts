import { type Clock } from '@callweave/clock';

/** Ticks in which time is counted; SIP's shortest timer is 500 ms. */
const TICK_MS = 10;

/** Slots of the wheel; a timer further away than one turn (10.24 s) waits for more turns. */
const SLOTS = 1_024;

/** Who is told when a timer ends. */
export interface WheelUser<T extends string> {
  onTimer(name: T): void;
}

/** One timer; it is a link of its slot's list, so that starting and stopping cost the same however many there are. */
export class WheelTimer<T extends string = string> {
  readonly user: WheelUser<T>;
  readonly name: T;
  dueTick = 0;
  next: Link = this;
  previous: Link = this;

  constructor(user: WheelUser<T>, name: T) {
    this.user = user;
    this.name = name;
  }

  fire(): void {
    this.user.onTimer(this.name);
  }
}

interface Link {
  next: Link;
  previous: Link;
}

/** All timers of the engine on one timer of the clock, which runs only while there are any. */
export class TimerWheel {
  readonly #clock: Clock;
  readonly #slots: Link[];
  #tick: number;
  #count = 0;
  #armed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#slots = Array.from({ length: SLOTS }, emptyList);
    this.#tick = this.#nowTick();
  }

  /** How many timers run. */
  get size(): number {
    return this.#count;
  }

  start<T extends string>(timer: WheelTimer<T>, delayMs: number): void {
    if (this.#count === 0) this.#tick = this.#nowTick();
    const due = Math.ceil((this.#clock.monotonicMs() + delayMs) / TICK_MS);
    timer.dueTick = Math.max(due, this.#tick + 1);
    link(this.#slots[timer.dueTick % SLOTS], timer);
    this.#count++;
    this.#arm();
  }

  /** Stops a timer; one that does not run is left alone. */
  stop<T extends string>(timer: WheelTimer<T>): void {
    if (timer.next === timer) return;
    unlink(timer);
    this.#count--;
  }

  #arm(): void {
    if (this.#armed || this.#count === 0) return;
    this.#armed = true;
    this.#clock.after(TICK_MS, () => {
      this.#armed = false;
      this.#advance();
      this.#arm();
    });
  }

  #advance(): void {
    const now = this.#nowTick();
    while (this.#tick < now && this.#count > 0) {
      this.#tick++;
      this.#fireSlot(this.#slots[this.#tick % SLOTS]);
    }
    this.#tick = now;
  }

  #fireSlot(head: Link | undefined): void {
    if (head === undefined) return;
    // What falls due is taken out first: firing one may start or stop others of this very slot.
    const due: WheelTimer[] = [];
    for (let item = head.next; item !== head; item = item.next) {
      if (isTimer(item) && item.dueTick <= this.#tick) due.push(item);
    }
    for (const timer of due) {
      if (timer.next === timer) continue;
      this.stop(timer);
      timer.fire();
    }
  }

  #nowTick(): number {
    return Math.floor(this.#clock.monotonicMs() / TICK_MS);
  }
}

function isTimer(item: Link): item is WheelTimer {
  return item instanceof WheelTimer;
}

function emptyList(): Link {
  const head: { next: Link | undefined; previous: Link | undefined } = { next: undefined, previous: undefined };
  head.next = head.previous = head as Link;
  return head as Link;
}

function link(head: Link | undefined, item: Link): void {
  if (head === undefined) return;
  item.previous = head.previous;
  item.next = head;
  head.previous.next = item;
  head.previous = item;
}

function unlink(item: Link): void {
  item.previous.next = item.next;
  item.next.previous = item.previous;
  item.next = item.previous = item;
}
