import { ConfigError } from '@callweave/service';
import { describe, expect, test } from 'vitest';
import { allPorts, planPorts } from '../src/port-plan.ts';
import { configOf } from './support.ts';

function planned(environment: Readonly<Record<string, string>>): string[] {
  return allPorts(planPorts(configOf(environment))).map(
    ({ purpose, host, port, protocols }) => `${purpose} ${host}:${String(port)} ${protocols.join('+')}`,
  );
}

function problems(environment: Readonly<Record<string, string>>): readonly string[] {
  try {
    planPorts(configOf(environment));
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

describe('the ports of a platform', () => {
  test('are the well-known ones unless told otherwise', () => {
    expect(planned({})).toEqual([
      'SIP 127.0.0.1:5060 udp+tcp',
      'websockets of SIP engine 1 127.0.0.1:5066 tcp',
      'control of SIP engine 1 127.0.0.1:9022 tcp',
      'nats-server 127.0.0.1:4222 tcp',
      'control of rtpengine 127.0.0.1:2223 udp',
      'the console 127.0.0.1:8060 tcp',
    ]);
  });

  test('each SIP port has an engine of its own, whose control ports go on upwards', () => {
    expect(planned({ CALLWEAVE_HOST: '192.0.2.7', CALLWEAVE_SIP_PORTS: '5060, 5062,5064' }).slice(0, 9)).toEqual([
      'SIP 192.0.2.7:5060 udp+tcp',
      'SIP 192.0.2.7:5062 udp+tcp',
      'SIP 192.0.2.7:5064 udp+tcp',
      'websockets of SIP engine 1 192.0.2.7:5066 tcp',
      'websockets of SIP engine 2 192.0.2.7:5067 tcp',
      'websockets of SIP engine 3 192.0.2.7:5068 tcp',
      'control of SIP engine 1 127.0.0.1:9022 tcp',
      'control of SIP engine 2 127.0.0.1:9023 tcp',
      'control of SIP engine 3 127.0.0.1:9024 tcp',
    ]);
  });

  test('any number of them may be left to the system', () => {
    expect(
      planned({
        CALLWEAVE_SIP_PORTS: '0,0',
        CALLWEAVE_WS_PORTS: '0',
        CALLWEAVE_CONTROL_PORTS: '0',
        CALLWEAVE_NATS_PORT: '0',
      }),
    ).toEqual([
      'SIP 127.0.0.1:0 udp+tcp',
      'SIP 127.0.0.1:0 udp+tcp',
      'websockets of SIP engine 1 127.0.0.1:0 tcp',
      'websockets of SIP engine 2 127.0.0.1:0 tcp',
      'control of SIP engine 1 127.0.0.1:0 tcp',
      'control of SIP engine 2 127.0.0.1:0 tcp',
      'nats-server 127.0.0.1:0 tcp',
      'control of rtpengine 127.0.0.1:2223 udp',
      'the console 127.0.0.1:8060 tcp',
    ]);
  });

  test('servers that run elsewhere need none', () => {
    const elsewhere = { CALLWEAVE_NATS_URL: 'nats://10.0.0.1:4222', CALLWEAVE_RTPENGINE: '10.0.0.1:2223' };
    expect(planned(elsewhere)).toEqual([
      'SIP 127.0.0.1:5060 udp+tcp',
      'websockets of SIP engine 1 127.0.0.1:5066 tcp',
      'control of SIP engine 1 127.0.0.1:9022 tcp',
      'the console 127.0.0.1:8060 tcp',
    ]);
  });

  test('one port for two things is an error that names both, and so is one within the range for media', () => {
    const clashing = {
      CALLWEAVE_SIP_PORTS: '5060,5060',
      CALLWEAVE_NATS_PORT: '9022',
      CALLWEAVE_RTPENGINE_PORT: '30002',
    };
    expect(problems(clashing)).toEqual([
      'CALLWEAVE_SIP_PORTS: port 5060 for SIP is also for SIP',
      'CALLWEAVE_NATS_PORT: port 9022 for nats-server is also for control of SIP engine 1',
      'CALLWEAVE_RTP_PORTS: 30000-30999 holds port 30002 for control of rtpengine',
    ]);
  });

  test('a media server that runs elsewhere needs its password, and a password its server', () => {
    expect(problems({ CALLWEAVE_MEDIA_ESL_PASSWORD: 'ClueCon' })).toEqual([
      'CALLWEAVE_MEDIA_SERVER: required with CALLWEAVE_MEDIA_ESL_PASSWORD',
    ]);
    expect(problems({ CALLWEAVE_MEDIA_SERVER: '10.0.0.5:8021' })).toEqual([
      'CALLWEAVE_MEDIA_ESL_PASSWORD: required with CALLWEAVE_MEDIA_SERVER',
    ]);
  });

  test('engines that run elsewhere need their SIP ports and their secret', () => {
    expect(problems({ CALLWEAVE_ENGINES: '10.0.0.3:9022,10.0.0.4:9022' })).toEqual([
      'CALLWEAVE_SIP_PORTS: name the SIP port of each of CALLWEAVE_ENGINES',
      'CALLWEAVE_ENGINE_SECRET: required with CALLWEAVE_ENGINES',
    ]);
  });

  test('UDP and TCP may share a number', () => {
    expect(problems({ CALLWEAVE_RTPENGINE_PORT: '4222' })).toEqual([]);
  });
});
