import { createHash, X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, type BrowserContext, chromium } from 'playwright-core';

export type { Browser, BrowserContext, Page } from 'playwright-core';

export interface BrowserOptions {
  /** What the microphone hears, again and again: a WAV. Without one it hears a beep every second. */
  readonly microphone?: Buffer;
  /** A certificate (PEM) that it takes, although no authority it knows has signed it. */
  readonly trusted?: string | undefined;
}

/** A real Chromium without a window that reaches nothing but this machine. */
export interface TestBrowser {
  readonly browser: Browser;
  /** A fresh profile that may use the microphone; closed with the browser. */
  newContext(options?: Parameters<Browser['newContext']>[0]): Promise<BrowserContext>;
  close(): Promise<void>;
}

const PROGRAM = '/usr/bin/chromium';

const SWITCHES = [
  // Tests may run as root.
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.* , EXCLUDE localhost',
  '--use-fake-device-for-media-stream',
  '--use-fake-ui-for-media-stream',
  '--autoplay-policy=no-user-gesture-required',
  // Without it there is no candidate on a machine that is only asked to use its loopback, and calls hang in silence.
  '--allow-loopback-in-peer-connection',
];

/** Starts Chromium. */
export async function startBrowser({ microphone, trusted }: BrowserOptions = {}): Promise<TestBrowser> {
  const home = mkdtempSync(join(tmpdir(), 'callweave-browser-'));
  const args = [...SWITCHES];
  if (microphone !== undefined) {
    const file = join(home, 'microphone.wav');
    writeFileSync(file, microphone);
    args.push(`--use-file-for-fake-audio-capture=${file}`);
  }
  if (trusted !== undefined) args.push(`--ignore-certificate-errors-spki-list=${keyHash(trusted)}`);
  const env = { PATH: '/usr/local/bin:/usr/bin:/bin', HOME: home };
  const browser = await chromium.launch({ executablePath: PROGRAM, headless: true, args, env, timeout: 60_000 });
  return {
    browser,
    newContext: (options) => browser.newContext({ permissions: ['microphone'], ...options }),
    close: async () => {
      await browser.close();
      rmSync(home, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

function keyHash(certificate: string): string {
  const key = new X509Certificate(certificate).publicKey.export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(key).digest('base64');
}
