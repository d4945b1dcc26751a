import { BusUnavailableError, NoAnswerError } from '@callweave/bus';
import { afterEach, describe, expect, test } from 'vitest';
import { CallPage, InstanceList, ProblemDetails, RecentEvents, RegistrationPage, Status } from '../src/api.ts';
import { begun, callOf } from './samples.ts';
import { openStage, registered, type Stage, type StageOptions } from './stage.ts';

const TOKEN = 'a token of enough characters';
let stage: Stage;

afterEach(async () => {
  stage.streams.stop();
  await stage.app.close();
});

type Headers = Readonly<Record<string, string>>;

async function open(options?: StageOptions): Promise<void> {
  stage = await openStage(options);
}

async function get(
  url: string,
  headers: Headers = {},
): Promise<{ status: number; body: unknown; headers: Record<string, unknown> }> {
  const response = await stage.app.inject({ url, headers: { host: '127.0.0.1:8060', ...headers } });
  const isJson = String(response.headers['content-type']).includes('json');
  return { status: response.statusCode, body: isJson ? response.json() : response.body, headers: response.headers };
}

describe('the API', () => {
  test('answers what its schemas say', async () => {
    await open({
      registrations: () => Promise.resolve({ registrations: [registered('ann')], total: 7, next: 'ann' }),
    });
    stage.board.begin(callOf(1));
    stage.log.add('calls', 5, 'default', begun(1));
    const calls = CallPage.strict().parse((await get('/api/v1/calls')).body);
    expect(calls).toMatchObject({ calls: [callOf(1)], counts: { routing: 1 }, cursor: '5.0', current: true });
    const page = RegistrationPage.strict().parse((await get('/api/v1/registrations')).body);
    expect(page).toMatchObject({ total: 7, next: 'ann', registrations: [registered('ann')] });
    expect(RecentEvents.strict().parse((await get('/api/v1/events/recent')).body).events).toEqual([begun(1)]);
    expect(InstanceList.strict().parse((await get('/api/v1/instances')).body).instances).toEqual([]);
    expect(Status.strict().parse((await get('/api/v1/status')).body)).toMatchObject({ version: '1.2.3' });
  });

  test('gives ten thousand calls in pages, each call once', { timeout: 60_000 }, async () => {
    await open();
    for (let n = 0; n < 10_000; n++) stage.board.begin(callOf(n));
    const seen = new Set<string>();
    let after = '';
    let pages = 0;
    do {
      const { body } = await get(`/api/v1/calls?limit=500${after}`);
      const page = CallPage.parse(body);
      for (const { callId } of page.calls) seen.add(callId);
      pages += 1;
      after = page.next === undefined ? '' : `&after=${page.next}`;
    } while (after !== '');
    expect([pages, seen.size]).toEqual([20, 10_000]);
  });

  test.each([
    ['/api/v1/calls?limit=0', 400, 'bad-request'],
    ['/api/v1/calls?state=ended', 400, 'bad-request'],
    ['/api/v1/registrations?tenant=NO', 400, 'bad-request'],
    ['/api/v1/nothing', 404, 'not-found'],
  ])('%s is a problem with a name', async (url, status, code) => {
    await open();
    const answer = await get(url);
    expect(answer.status).toBe(status);
    expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8');
    expect(ProblemDetails.strict().parse(answer.body)).toMatchObject({ type: `urn:callweave:problem:${code}`, status });
  });

  test.each([
    ['the bus is away', new BusUnavailableError('no connection')],
    ['nobody answers on the bus', new NoAnswerError('list', [])],
  ])('while %s registrations are answered 503, to be asked again', async (detail, error) => {
    await open({ registrations: () => Promise.reject(error) });
    const answer = await get('/api/v1/registrations');
    expect([answer.status, answer.headers['retry-after']]).toEqual([503, '2']);
    expect(answer.body).toMatchObject({ type: 'urn:callweave:problem:unavailable', detail });
  });

  test('tells nobody what broke in it', async () => {
    await open({ registrations: () => Promise.reject(new Error('a secret')) });
    const answer = await get('/api/v1/registrations');
    expect(answer.status).toBe(500);
    expect(JSON.stringify(answer.body)).not.toContain('secret');
  });
});

describe('with a token', () => {
  const paths = ['calls', 'registrations', 'instances', 'status', 'events', 'events/recent', 'session'];

  test.each(paths)('/api/v1/%s is closed to who has none, or another', async (path) => {
    await open({ token: TOKEN });
    for (const headers of [{}, { authorization: 'Bearer wrong' }, { cookie: 'callweave_console=x' }]) {
      expect((await get(`/api/v1/${path}`, headers)).status).toBe(401);
    }
  });

  test('a program sends it as a bearer', async () => {
    await open({ token: TOKEN });
    const bearer = { authorization: `Bearer ${TOKEN.replaceAll(' ', '')}` };
    expect((await get('/api/v1/calls', bearer)).status).toBe(401);
    await stage.app.close();
    await open({ token: TOKEN.replaceAll(' ', '') });
    expect((await get('/api/v1/calls', bearer)).status).toBe(200);
  });

  async function signIn(token: string): Promise<{ status: number; cookie: string }> {
    const response = await stage.app.inject({
      method: 'POST',
      url: '/api/v1/session',
      headers: { host: 'console.example.org' },
      payload: { token },
    });
    return { status: response.statusCode, cookie: String(response.headers['set-cookie'] ?? '') };
  }

  test('a browser trades it for a session of twelve hours', async () => {
    await open({ token: TOKEN });
    expect(await signIn('wrong')).toEqual({ status: 403, cookie: '' });
    const { status, cookie } = await signIn(TOKEN);
    expect(status).toBe(204);
    expect(cookie).toMatch(/; Max-Age=43200; Path=\/; HttpOnly; SameSite=Strict$/);
    expect(cookie).not.toContain(TOKEN);
    const headers = { cookie: cookie.split(';')[0] ?? '' };
    expect((await get('/api/v1/calls', headers)).status).toBe(200);
    stage.clock.advance(12 * 3_600_000 + 1_000);
    expect((await get('/api/v1/calls', headers)).status).toBe(401);
  });

  test('a session of one console is none of another, and a forged one is none at all', async () => {
    await open({ token: TOKEN });
    const { cookie } = await signIn(TOKEN);
    const [pair = ''] = cookie.split(';');
    const forged = pair.replace(/=\d+/, '=9999999999');
    expect((await get('/api/v1/calls', { cookie: forged })).status).toBe(401);
    await stage.app.close();
    await open({ token: `${TOKEN} more` });
    expect((await get('/api/v1/calls', { cookie: pair })).status).toBe(401);
  });

  test('behind https the session travels over https only', async () => {
    await open({ token: TOKEN, isSecure: true });
    expect((await signIn(TOKEN)).cookie).toContain('; Secure');
  });
});

describe('without a token', () => {
  test.each(['127.0.0.1:8060', 'localhost:8060', '[::1]:8060'])('%s is a name of the console', async (host) => {
    await open();
    expect((await get('/api/v1/calls', { host })).status).toBe(200);
    expect((await get('/', { host })).status).toBe(200);
  });

  test('a site that took our address under a name of its own reads nothing', async () => {
    await open();
    for (const url of ['/', '/api/v1/calls']) {
      expect((await get(url, { host: 'evil.example.org:8060' })).status).toBe(403);
    }
  });
});

describe('the page', () => {
  test('may load and reach nothing but this console, and is framed by nobody', async () => {
    await open();
    const { body, headers } = await get('/');
    const policy = String(headers['content-security-policy']);
    expect(policy.split(';')).toEqual(
      expect.arrayContaining([
        "default-src 'none'",
        "script-src 'self'",
        "connect-src 'self'",
        "frame-ancestors 'none'",
      ]),
    );
    expect(policy).not.toContain('unsafe');
    expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' });
    expect(body).not.toMatch(/<script(?![^>]*src=)|<style|style=|https?:\/\//);
  });

  test('is asked for anew each time, and its parts once', async () => {
    await open();
    const { body, headers } = await get('/');
    expect(headers['cache-control']).toBe('no-cache');
    const script = /src="\.(\/assets\/[^"]+\.js)"/.exec(String(body))?.[1] ?? '';
    const part = await get(script);
    expect(part.headers['cache-control']).toContain('immutable');
    expect((await get('/api/v1/calls')).headers['cache-control']).toBe('no-store');
  });
});
