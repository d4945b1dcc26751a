import { sine } from '@callweave/rtp/testing';
import { beforeEach, describe, expect, test } from 'vitest';
import { Channel } from '../src/channel/channel.ts';
import { hangupCause, reasonHeader } from '../src/channel/hangup-cause.ts';
import { AudioStream } from '../src/media/audio-stream.ts';

const sounds: Readonly<Record<string, Int16Array>> = {
  'a.wav': sine(600, 100),
  'b.wav': sine(900, 40),
  'long.wav': sine(600, 10_000),
  'empty.wav': new Int16Array(0),
};

let seen: string[];
let channel: Channel;

beforeEach(() => {
  seen = [];
  const port = { port: 1, onPacket: () => undefined, send: () => undefined, close: () => seen.push('port closed') };
  channel = new Channel({
    uuid: 'u1',
    name: 'test',
    stream: new AudioStream(port),
    sounds: { load: (name) => Promise.resolve(sounds[name]) },
    publish: (name, headers) => seen.push(line(name, new Map(headers))),
    onOver: (cause, byUs) => seen.push(`over ${cause.name} ${byUs ? 'by us' : 'by the caller'}`),
  });
});

/** What of an event matters here. */
function line(name: string, headers: ReadonlyMap<string, string>): string {
  const parts = ['Application', 'Application-Response', 'Application-UUID', 'Playback-File-Path', 'Playback-Status'];
  return [name.replace('CHANNEL_', ''), ...parts.map((part) => headers.get(part))]
    .filter((part) => part !== undefined)
    .join(' ');
}

function run(application: string, argument = '', uuid = 'x'): boolean {
  return channel.execute({ application, argument, uuid });
}

/** Lets time pass; sounds are loaded in between. */
async function beat(count = 1): Promise<void> {
  for (let i = 0; i < count; i++) {
    channel.beat();
    await Promise.resolve();
    await Promise.resolve();
    await Promise.resolve();
  }
}

const variable = (name: string): string | undefined => channel.variables.get(`playback_${name}`);

describe('a call that plays', () => {
  test('a file tells its start, its end and its length', async () => {
    run('playback', 'a.wav', 'p1');
    await beat(10);
    expect(seen).toEqual([
      'EXECUTE playback p1',
      'PLAYBACK_START a.wav',
      'PLAYBACK_STOP a.wav done',
      'EXECUTE_COMPLETE playback FILE PLAYED p1',
    ]);
    expect(['seconds', 'ms', 'samples', 'last_offset_pos'].map(variable)).toEqual(['0', '100', '800', '800']);
  });

  test('several files plays them one after the other', async () => {
    run('set', 'playback_delimiter=!');
    run('playback', 'a.wav!silence_stream://40!b.wav@@160', 'p1');
    await beat(20);
    expect(seen.slice(2)).toEqual([
      'EXECUTE playback p1',
      ...['PLAYBACK_START a.wav', 'PLAYBACK_STOP a.wav done'],
      ...['PLAYBACK_START silence_stream://40', 'PLAYBACK_STOP silence_stream://40 done'],
      ...['PLAYBACK_START b.wav', 'PLAYBACK_STOP b.wav done'],
      'EXECUTE_COMPLETE playback FILE PLAYED p1',
    ]);
    expect([variable('samples'), variable('last_offset_pos')]).toEqual(['160', '320']);
  });

  test.each([
    ['a file that is not there', 'c.wav', ['FILE NOT FOUND'], 0],
    ['an empty file', 'empty.wav', ['FILE PLAYED'], 2],
    ['a file from behind its end', 'a.wav@@999999', ['FILE PLAYED'], 2],
  ])('%s is done at once and goes on', async (_what, argument, [outcome], events) => {
    run('playback', argument, 'p1');
    await beat(3);
    expect(seen.filter((one) => one.startsWith('PLAYBACK'))).toHaveLength(events);
    expect(seen.at(-1)).toBe(`EXECUTE_COMPLETE playback ${outcome ?? ''} p1`);
    run('playback', 'a.wav', 'p2');
    await beat(10);
    expect(seen.at(-1)).toBe('EXECUTE_COMPLETE playback FILE PLAYED p2');
  });

  test('two at a time plays the second first, and then goes on with the first', async () => {
    run('playback', 'a.wav', 'p1');
    await beat(3);
    run('playback', 'b.wav', 'p2');
    await beat(12);
    expect(seen).toEqual([
      ...['EXECUTE playback p1', 'PLAYBACK_START a.wav'],
      ...['EXECUTE playback p2', 'PLAYBACK_START b.wav', 'PLAYBACK_STOP b.wav done'],
      'EXECUTE_COMPLETE playback FILE PLAYED p2',
      ...['PLAYBACK_STOP a.wav done', 'EXECUTE_COMPLETE playback FILE PLAYED p1'],
    ]);
  });

  test('can be stopped, and tells where', async () => {
    run('playback', 'long.wav@@8000', 'p1');
    await beat(11);
    channel.break();
    expect(seen.slice(2)).toEqual(['PLAYBACK_STOP long.wav break', 'EXECUTE_COMPLETE playback FILE PLAYED p1']);
    expect([variable('last_offset_pos'), variable('ms')]).toEqual(['9600', '2048']);
    channel.break();
    expect(seen).toHaveLength(4);
  });

  test('stops by itself when told how long', async () => {
    run('set', 'playback_timeout_sec=2');
    run('playback', 'long.wav', 'p1');
    await beat(103);
    expect(seen.slice(-2)).toEqual(['PLAYBACK_STOP long.wav done', 'EXECUTE_COMPLETE playback PLAYBACK ERROR p1']);
    expect([variable('last_offset_pos'), variable('ms')]).toEqual(['16000', '2048']);
  });
});

describe('a call that ends', () => {
  test('because the caller hung up tells the end of everything that runs or waits', async () => {
    run('echo', '', 'e1');
    run('playback', 'long.wav', 'p1');
    await beat(5);
    run('set', 'a=b', 's1');
    channel.hangUp(hangupCause(), false);
    expect(seen.slice(3)).toEqual([
      'PLAYBACK_STOP long.wav done',
      'EXECUTE_COMPLETE playback PLAYBACK ERROR p1',
      'EXECUTE_COMPLETE echo _none_ e1',
      'EXECUTE_COMPLETE set _none_ s1',
      'EXECUTE_COMPLETE socket PLAYBACK ERROR',
      'CALLSTATE',
      'port closed',
      'over NORMAL_CLEARING by the caller',
    ]);
    expect(run('set', 'a=b')).toBe(false);
    channel.hangUp(hangupCause(), true);
    await beat(3);
    expect(seen).toHaveLength(11);
  });

  test('because it was told to says so in between', async () => {
    run('sleep', '60000', 'w1');
    run('hangup', 'USER_BUSY', 'h1');
    run('set', 'a=b', 's1');
    await beat(2);
    expect(seen).toEqual([
      'EXECUTE sleep w1',
      'EXECUTE hangup h1',
      'EXECUTE_COMPLETE sleep _none_ w1',
      'EXECUTE_COMPLETE hangup _none_ h1',
      'EXECUTE_COMPLETE set _none_ s1',
      'EXECUTE_COMPLETE socket _none_',
      'CALLSTATE',
      'port closed',
      'over USER_BUSY by us',
    ]);
  });

  test('because nobody knows the application is out of order', async () => {
    run('no_such_app', 'x');
    await beat();
    expect(seen.at(-1)).toBe('over DESTINATION_OUT_OF_ORDER by us');
  });

  test('names a cause by its name, its number, or as a normal end', () => {
    expect(['CALL_REJECTED', ' 17 ', 'whatever', '', undefined].map((text) => hangupCause(text).name)).toEqual([
      'CALL_REJECTED',
      'USER_BUSY',
      'NORMAL_CLEARING',
      'NORMAL_CLEARING',
      'NORMAL_CLEARING',
    ]);
    expect(reasonHeader(hangupCause('27'))).toBe('Q.850;cause=27;text="DESTINATION_OUT_OF_ORDER"');
  });
});

describe('the variables of a call', () => {
  test('are set one by one or together, and removed by nothing', async () => {
    run('set', 'a=1=2');
    run('export', 'b=x y');
    run('multiset', '^^^c=3^d=4');
    run('multiset', 'e=5 f=6');
    run('unset', 'c');
    run('set', 'd=');
    run('set', 'bad\nname=1');
    await beat();
    const values = ['a', 'b', 'c', 'd', 'e', 'f', 'bad\nname'].map((name) => channel.variables.get(name));
    expect(values).toEqual(['1=2', 'x y', undefined, undefined, '5', '6', undefined]);
  });

  test('never grow beyond bounds', () => {
    for (let i = 0; i < 2_000; i++) channel.variables.set(`v${i}`, 'x');
    expect([...channel.variables.headers()]).toHaveLength(1_000);
  });

  test('are not told to wait without end', () => {
    let taken = 0;
    while (run('set', 'a=b') && taken < 10_000) taken++;
    expect(taken).toBe(256);
  });
});
