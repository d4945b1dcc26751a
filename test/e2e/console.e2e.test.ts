import { mkdtempSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Baresip } from '../support/baresip.ts';
import { type BrowserContext, type Page, startBrowser, type TestBrowser } from '../support/browser.ts';
import { registeredPhone } from '../support/phone-platform.ts';
import { type Platform, startPlatform } from '../support/platform.ts';
import { until } from '../support/until.ts';

/** What people hold in their hands and have on their desks. */
const screens = [
  { screen: 'phone', width: 390, height: 844 },
  { screen: 'small phone', width: 320, height: 640 },
  { screen: 'desktop', width: 1440, height: 900 },
] as const;
const schemes = ['light', 'dark'] as const;
/** Generous: browser, phones and platform share a few cores. */
const SOON = { timeout: 40_000 };
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

let platform: Platform;
let browser: TestBrowser;
const closers: (() => Promise<unknown>)[] = [];
const phones: Baresip[] = [];
const contexts: BrowserContext[] = [];
/** Kept for a person to look at. */
const pictures = mkdtempSync(join(tmpdir(), 'callweave-console-pictures-'));

beforeAll(async () => {
  platform = await startPlatform();
  closers.push(() => platform.stop());
  browser = await startBrowser();
  closers.push(() => browser.close());
});

afterAll(async () => {
  for (const close of closers.reverse()) await close();
});

afterEach(async () => {
  await Promise.all(contexts.splice(0).map((context) => context.close()));
  await Promise.all(phones.splice(0).map((phone) => phone.quit()));
});

async function phone(user: 'alice' | 'bob', answers = true): Promise<Baresip> {
  const started = await registeredPhone(platform, user, { answers });
  phones.push(started);
  return started;
}

type PageOptions = NonNullable<Parameters<TestBrowser['newContext']>[0]>;

/** The page as the address in the banner opens it; anything it complains about fails the test. */
async function openPage(options: PageOptions = {}): Promise<Page> {
  const context = await browser.newContext(options);
  contexts.push(context);
  const page = await context.newPage();
  page.on('pageerror', (error) => {
    throw error;
  });
  const { url, token } = platform.console;
  await page.goto(`${url}#token=${token}`);
  await page.getByText('Live', { exact: true }).waitFor(SOON);
  return page;
}

function rows(page: Page, section: 'calls' | 'registrations', rest = ''): ReturnType<Page['locator']> {
  return page.locator(`section.${section} tbody tr${rest}`);
}

function tile(page: Page, label: string): ReturnType<Page['locator']> {
  return page.locator(`[data-tile="${label}"] dd`);
}

async function reads(page: Page, label: string, value: string): Promise<void> {
  await tile(page, label).getByText(value, { exact: true }).waitFor(SOON);
}

/** How a laid-out page can be hard to use, one line for each; empty when it is not. */
const findHardships = `(() => {
  const found = [];
  const { documentElement, body } = document;
  if (documentElement.scrollWidth > documentElement.clientWidth) {
    found.push('wider than the screen: ' + documentElement.scrollWidth + ' > ' + documentElement.clientWidth);
  }
  const walker = document.createTreeWalker(body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const { parentElement, textContent } = walker.currentNode;
    if (textContent.trim() === '' || parentElement.closest('script, style, noscript, [hidden]')) continue;
    const text = textContent.trim().slice(0, 30);
    const { fontSize } = getComputedStyle(parentElement);
    if (parseFloat(fontSize) < 12) found.push('too small: ' + text + ' ' + fontSize);
    const range = document.createRange();
    range.selectNodeContents(walker.currentNode);
    const { left, right, width } = range.getBoundingClientRect();
    const isHeading = parentElement.closest('thead') !== null;
    if (width > 0 && !isHeading && (left < -1 || right > documentElement.clientWidth + 1)) found.push('cut off: ' + text);
  }
  for (const element of document.querySelectorAll('button, select, input, a')) {
    const { width, height } = element.getBoundingClientRect();
    if (width > 0 && (width < 44 || height < 44)) found.push('hard to tap: ' + element.outerHTML.slice(0, 60));
  }
  return found;
})()`;

const audit = `axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) =>
  violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html, failureSummary }) => html + ' ' + failureSummary).join('; ')))`;

/** Overflow, text size, tap targets and what axe knows (contrast, names, roles, order), and a picture. */
async function inspect(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: join(pictures, `${name.replaceAll(' ', '-')}.png`), fullPage: true });
  expect(await page.evaluate<string[]>(findHardships), name).toEqual([]);
  await page.evaluate(axe);
  expect(await page.evaluate<string[]>(audit), name).toEqual([]);
}

describe('the console in a browser', () => {
  test('shows phones that register and their call from ringing to the end, without a reload', async () => {
    const page = await openPage({ viewport: { width: 390, height: 844 } });
    await page.getByText('No calls right now').waitFor(SOON);
    await page.getByText('Nobody is registered').waitFor(SOON);

    const alice = await phone('alice');
    const bob = await phone('bob', false);
    await reads(page, 'Registered', '2');
    await rows(page, 'registrations', '[data-user="alice"]').getByText('baresip').waitFor(SOON);
    await rows(page, 'registrations', '[data-user="bob"]').waitFor(SOON);

    alice.command('dial', `sip:bob@${platform.sip[0] ?? ''}`);
    await bob.waitFor('CALL_INCOMING');
    const call = rows(page, 'calls', '[data-state="ringing"]');
    await call.getByText('Ringing').waitFor(SOON);
    expect(await call.locator('.from .who').textContent()).toBe('alice');
    expect(await call.locator('.to .who').textContent()).toBe('bob');
    await reads(page, 'Ringing', '1');

    bob.command('accept');
    await rows(page, 'calls', '[data-state="answered"]').getByText('In call').waitFor(SOON);
    await reads(page, 'In call', '1');
    expect(await rows(page, 'calls').count()).toBe(1);

    bob.command('hold');
    await rows(page, 'calls').getByText('On hold').waitFor(SOON);
    await page.locator('.feed li[data-kind="held"]').getByText('bob puts alice on hold').waitFor(SOON);
    bob.command('resume');
    await rows(page, 'calls').getByText('In call').waitFor(SOON);

    alice.command('hangup');
    await page.getByText('No calls right now').waitFor(SOON);
    await reads(page, 'In call', '0');
    await page.locator('.feed li[data-kind="ended"]').getByText('hang up by caller').waitFor(SOON);

    await alice.quit();
    phones.splice(phones.indexOf(alice), 1);
    await rows(page, 'registrations', '[data-user="alice"]').waitFor({ ...SOON, state: 'detached' });
    await reads(page, 'Registered', '1');
  });

  test('is easy to read and to use on a phone and on a desk, in light and in dark', async () => {
    const alice = await phone('alice');
    await phone('bob');
    alice.command('dial', `sip:bob@${platform.sip[0] ?? ''}`);
    await alice.waitFor('CALL_ESTABLISHED');
    for (const { screen, width, height } of screens) {
      for (const colorScheme of schemes) {
        const page = await openPage({ viewport: { width, height }, colorScheme, reducedMotion: 'reduce' });
        await rows(page, 'calls', '[data-state="answered"]').waitFor(SOON);
        await rows(page, 'registrations', '[data-user="bob"]').waitFor(SOON);
        await page.locator('.instance[data-service="registrar"][data-state="alive"]').first().waitFor(SOON);
        await inspect(page, `${screen} ${colorScheme}`);
        // What one came for is seen without scrolling.
        const call = await rows(page, 'calls').first().boundingBox();
        expect(call?.y, screen).toBeLessThan(height - 40);
        await page.close();
      }
    }
    alice.command('hangup');
  });

  test('lets nobody in without the token, and says when it is wrong', async () => {
    const context = await browser.newContext({ viewport: { width: 390, height: 844 } });
    contexts.push(context);
    const page = await context.newPage();
    await page.goto(platform.console.url);
    await page.getByLabel('Token').fill('not the token at all');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('alert').getByText('that is not the token').waitFor(SOON);
    await inspect(page, 'sign in');
    await page.getByLabel('Token').fill(platform.console.token);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('Live', { exact: true }).waitFor(SOON);
    // The token stays out of the address, and the session outlives a reload.
    await page.reload();
    await page.getByText('Live', { exact: true }).waitFor(SOON);
    expect(page.url()).toBe(platform.console.url);
  });
});

describe('when something behind the page dies', () => {
  test('a killed registrar is seen to be gone, and its successor alive', async () => {
    const page = await openPage();
    const registrars = page.locator('.instance[data-service="registrar"]');
    await until('two registrars', async () => (await registrars.count()) === 2, SOON.timeout);
    platform.signal('registrar-1', 'SIGKILL');
    await page.locator('.instance[data-service="registrar"][data-state="gone"]').waitFor(SOON);
    const alive = page.locator('.instance[data-service="registrar"][data-state="alive"]');
    await until('two are alive again', async () => (await alive.count()) === 2, SOON.timeout);
  });

  test('a bus that is away is told by a banner, and that it is back without a reload', async () => {
    const page = await openPage({ viewport: { width: 390, height: 844 }, reducedMotion: 'reduce' });
    const banner = page.getByRole('alert').getByText('The bus is away.');
    platform.signal('nats-server', 'SIGSTOP');
    await banner.waitFor(SOON);
    await inspect(page, 'bus away');
    platform.signal('nats-server', 'SIGCONT');
    await banner.waitFor({ ...SOON, state: 'hidden' });
    await page.getByText('Live', { exact: true }).waitFor(SOON);
    await phone('alice');
    await rows(page, 'registrations', '[data-user="alice"]').waitFor(SOON);
  });

  test('a console that died is told by a banner, and the page goes on with the next one by itself', async () => {
    const page = await openPage();
    const { httpPort } = platform.processes().find(({ name }) => name === 'console') ?? {};
    platform.signal('console', 'SIGKILL');
    await page.getByRole('alert').getByText('No connection to the console.').waitFor(SOON);
    await page.getByText('Live', { exact: true }).waitFor(SOON);
    await phone('bob');
    await rows(page, 'registrations', '[data-user="bob"]').waitFor(SOON);
    expect(platform.processes().find(({ name }) => name === 'console')?.httpPort).not.toBe(httpPort);
  });
});
