import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { build } from 'esbuild';
import { startBrowser, type Page } from './browser.ts';
import { root } from './platform.ts';
import { toneWav } from './tone.ts';
import { until } from './until.ts';

export interface WebPhoneOptions {
  readonly user: string;
  readonly password: string;
  readonly domain: string;
  /** Where it connects, `ws://host:port` or `wss://host:port`. */
  readonly server: string;
  /** Which implementation of SIP the page uses. */
  readonly stack?: 'jssip' | 'sip.js';
  /** Answers by itself unless told otherwise. */
  readonly answers?: boolean;
}

/** A phone in a web page, with SIP by an implementation we did not write and the media of a real browser. */
export interface WebPhone {
  readonly page: Page;
  /** Waits for the `count`-th event of a name. */
  waitFor(event: string, count?: number): Promise<void>;
  /** With `replaces` in the place of the party of a dialog, as the header names it. RFC 3891 */
  call(user: string, replaces?: string): Promise<void>;
  /** Lets those it talks to in its first and its latest call talk to each other; JsSIP only. RFC 5589 §7 */
  join(): Promise<void>;
  hangUp(): Promise<void>;
  unregister(): Promise<void>;
  /** Waits until the loudest frequency it hears is this one, within a fiftieth. */
  hears(hz: number): Promise<void>;
  /** How its media is carried. */
  transport(): Promise<{ dtlsState?: string; srtpCipher?: string }>;
  /** Closes the page as a person does who has had enough: nothing is said goodbye to. */
  close(): Promise<void>;
}

/** A browser whose pages are phones. */
export interface WebPhones {
  open(options: WebPhoneOptions): Promise<WebPhone>;
  close(): Promise<void>;
}

const WAIT_MS = 30_000;
/** Below it is noise, dB. */
const AUDIBLE = -60;

/**
 * Starts a browser into whose microphone somebody whistles at `toneHz`, and the web server its pages come from. The
 * certificate `trusted` (PEM) is taken for `wss://`.
 */
export async function startWebPhones(toneHz: number, trusted?: string): Promise<WebPhones> {
  const stacks = await bundleStacks();
  const page = readFileSync(join(root, 'test/support/web-phone/page.html'));
  const server = createServer((request, response) => {
    const isScript = request.url?.endsWith('.js') === true;
    response.setHeader('Content-Type', isScript ? 'text/javascript' : 'text/html');
    response.end(isScript ? stacks : page);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/`;
  const browser = await startBrowser({ microphone: toneWav(toneHz), trusted });
  return {
    open: async (options) => {
      const context = await browser.newContext();
      const page = await context.newPage();
      await page.goto(url);
      await page.evaluate(`phone.start(${JSON.stringify({ stack: 'jssip', answers: true, ...options })})`);
      return webPhone(page, options.user);
    },
    close: async () => {
      await browser.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function webPhone(page: Page, user: string): WebPhone {
  const events = (): Promise<string[]> => page.evaluate('phone.events');
  return {
    page,
    waitFor: async (event, count = 1) => {
      let seen: string[] = [];
      const holds = async (): Promise<boolean> => {
        seen = await events();
        return seen.filter((name) => name === event).length >= count;
      };
      await until(`${user} sees ${event} ${String(count)} times`, holds, WAIT_MS).catch((error: unknown) => {
        throw new Error(`${String(error)}; seen: ${seen.join(', ')}`, { cause: error });
      });
    },
    call: (target, replaces) => page.evaluate(`phone.call(...${JSON.stringify([target, replaces])})`),
    join: () => page.evaluate('phone.join()'),
    hangUp: () => page.evaluate('phone.hangUp()'),
    unregister: () => page.evaluate('phone.unregister()'),
    hears: (wanted) =>
      until(
        `${user} hears ${String(wanted)} Hz`,
        async () => {
          const { hz, db } = await page.evaluate<{ hz: number; db: number }>('phone.hears()');
          return db > AUDIBLE && Math.abs(hz - wanted) < wanted / 50;
        },
        WAIT_MS,
      ),
    transport: () => page.evaluate('phone.transport()'),
    close: () => page.context().close(),
  };
}

async function bundleStacks(): Promise<Uint8Array> {
  const contents = "import JsSIP from 'jssip'; import * as SIP from 'sip.js'; window.stacks = { JsSIP, SIP };";
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: join(root, 'test') },
    bundle: true,
    format: 'iife',
    platform: 'browser',
    write: false,
    logLevel: 'error',
  });
  const [bundle] = outputFiles;
  if (bundle === undefined) throw new Error('esbuild made nothing');
  return bundle.contents;
}
