import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { type Baresip } from './baresip.ts';
import { type ConnectedEdges } from './connected-edges.ts';
import { hears, receives } from './phone-platform.ts';
import { there } from './there.ts';
import { startWebPhones, type WebPhone, type WebPhones } from './web-phone.ts';

const BROWSER_HZ = 700;
const PHONE_HZ = 1_000;

/** A browser that is registered by a websocket to the first of two edges, and a phone that is so by UDP. */
export class ConnectedBrowser {
  readonly #edges: ConnectedEdges;
  #browser: WebPhones | undefined;
  #alice: WebPhone | undefined;
  #bob: Baresip | undefined;

  /** Opens and closes both with each test of the file that calls this; after `edges`. */
  constructor(edges: ConnectedEdges) {
    this.#edges = edges;
    beforeAll(async () => {
      this.#browser = await startWebPhones(BROWSER_HZ);
    });
    afterAll(() => this.#browser?.close());
    beforeEach(async () => {
      this.#bob = await edges.phone('bob', { toneHz: PHONE_HZ });
      this.#alice = await there(this.#browser).open({
        ...{ ...edges.account('alice'), domain: edges.domain, server: `ws://${edges.connected}` },
      });
      await this.alice.waitFor('registered');
    });
    afterEach(async () => {
      const [bob, alice] = [this.#bob, this.#alice];
      this.#bob = this.#alice = undefined;
      await Promise.all([bob?.quit(), alice?.close()]);
    });
  }

  /** The browser. */
  get alice(): WebPhone {
    return there(this.#alice);
  }

  /** The phone. */
  get bob(): Baresip {
    return there(this.#bob);
  }

  /** Waits until both are in the call and hear each other. */
  async talk(): Promise<void> {
    await Promise.all([this.alice.waitFor('established'), this.bob.waitFor('CALL_ESTABLISHED')]);
    await Promise.all([this.alice.hears(PHONE_HZ), hears(this.bob, BROWSER_HZ)]);
  }

  /** Puts the browser on hold and, after `then`, hangs up on it; what is told of the call. */
  async holdAndHangUp(then: () => Promise<void> = () => Promise.resolve()): Promise<string[]> {
    this.bob.command('hold');
    await this.alice.waitFor('held by remote');
    await this.#edges.toldUntil('held');
    await then();
    this.bob.command('hangup');
    await this.alice.waitFor('ended by remote');
    return this.#edges.toldUntil('ended');
  }

  /** Takes the browser back that is on hold. */
  async resume(): Promise<void> {
    this.bob.command('resume');
    await this.alice.waitFor('resumed by remote');
    await this.#edges.toldUntil('resumed');
    await Promise.all([this.alice.hears(PHONE_HZ), receives(this.bob)]);
  }
}
