import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Connection } from '@callweave/bus';
import { type Cdr } from '@callweave/contracts';
import { afterAll, beforeAll, expect } from 'vitest';
import { answeredCalls, callDetailRecords, callKinds, openCalls } from './call-facts.ts';
import { takeLoadTurn } from './load-turn.ts';
import { mediaSessions } from './media-sessions.ts';
import { type Platform, startPlatform } from './platform.ts';
import { listen, type Silence } from './silence.ts';
import { runSipp, type SippResult } from './sipp.ts';
import { addSubscribers, sippLines } from './subscribers.ts';
import { there } from './there.ts';
import { until } from './until.ts';

/** How many of them call at once. */
export const ECHO_CALLERS = 20;

/** Since the session has last changed. Longer than an application that is gone may stay so. */
const TALK_MS = 40_000;

/** What a blow came to. */
export interface Suffered {
  /** The records of their calls. */
  readonly records: readonly Cdr[];
  /** For how long callers did not hear themselves. */
  readonly silence: Silence;
}

/** A platform for the tests of one group, and callers of its application `echo`. */
export class EchoCallers {
  #platform: Platform | undefined;
  #bus: Connection | undefined;
  #lines: readonly string[] = [];
  #speech = '';

  /** Starts and ends it with the tests of the group that calls this. */
  constructor(settings: () => Promise<Readonly<Record<string, string>>> = () => Promise.resolve({})) {
    let endTurn = (): void => undefined;
    beforeAll(async () => {
      endTurn = await takeLoadTurn();
      this.#platform = await startPlatform(await settings());
      this.#bus = await this.platform.bus();
      this.#lines = sippLines(await addSubscribers(this.#bus, 'caller', ECHO_CALLERS));
      this.#speech = join(this.platform.stateDir, 'speech.ulaw');
      writeFileSync(this.#speech, Buffer.alloc(8_000, 0xff));
    }, 420_000);
    afterAll(async () => {
      await this.#platform?.stop();
      endTurn();
    });
  }

  get platform(): Platform {
    return there(this.#platform);
  }

  /**
   * Callers are in the application when `blow` falls, each agrees to its session anew and hangs up with 200. Of each call
   * `changes` are told meanwhile, and one end.
   */
  async suffer(blow: () => Promise<void> | void, changes: readonly string[] = []): Promise<Suffered> {
    const { platform } = this;
    const bus = there(this.#bus);
    const before = await callKinds(bus);
    const calling = this.#call(ECHO_CALLERS, TALK_MS);
    await until('all callers are answered', async () => (await answeredCalls(bus)).length === ECHO_CALLERS, 30_000);
    const listening = await listen(bus, { known: before, talkMs: TALK_MS });
    await blow();
    const { errors, ...counts } = await calling;
    const silence = await listening.end();
    expect(counts, errors).toMatchObject({ successful: ECHO_CALLERS, failed: 0 });
    const isNew = ({ callId }: { callId: string }): boolean => !before.has(callId);
    const records = async (): Promise<Cdr[]> => (await callDetailRecords(bus)).filter(isNew);
    await until('all calls are recorded', async () => (await records()).length >= ECHO_CALLERS);
    await until(
      'nothing is left of any call',
      async () => (await mediaSessions(platform)) + (await openCalls(bus)).length === 0,
    );
    const told = [...(await callKinds(bus))].filter(([callId]) => !before.has(callId)).map(([, kinds]) => kinds);
    // Whether it is told that a machine rings is up to the machine.
    const calm = told.map((kinds) => kinds.filter((kind) => kind !== 'ringing'));
    const each = ['initiated', 'routed', 'answered', ...changes, 'ended'];
    expect(calm).toEqual(Array.from({ length: ECHO_CALLERS }, () => each));
    const audit = await platform.cli('audit', '--grace-sec', '0');
    expect(audit, audit.output).toMatchObject({ code: 0 });
    return { records: await records(), silence };
  }

  /** Whoever calls again is served, or told 503 until somebody is there. */
  async expectServed(): Promise<void> {
    const isServed = async (): Promise<boolean> => {
      const { errors, failed } = await this.#call(1, 500);
      if (failed > 0) expect(errors).toContain("received 'SIP/2.0 503 ");
      return failed === 0;
    };
    await until('who calls again is served', isServed, 60_000);
  }

  /** `talkMs` each unless it is hung up on. */
  #call(calls: number, talkMs: number): Promise<SippResult> {
    return runSipp({
      scenario: 'call-and-follow',
      remote: this.platform.sip[0] ?? '',
      calls,
      rate: calls,
      talkMs,
      lines: this.#lines,
      keys: { callee: 'echo', media_file: this.#speech },
    });
  }
}

/** Who ended the calls and why, each once. */
export function reasonsOf(records: readonly Cdr[]): string[] {
  return [...new Set(records.map(({ cause }) => `${cause.by} ${cause.reason}`))];
}
