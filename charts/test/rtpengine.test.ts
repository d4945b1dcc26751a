import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { freePort, until } from '@callweave/test';
import { afterAll, expect, test } from 'vitest';
import { chartsFolder, render } from './support/helm.ts';
import { lastingContainers, workloads } from './support/manifest.ts';
import { type Running, serverPath, start } from './support/running.ts';

let rtpengine: Running | undefined;
afterAll(async () => {
  await rtpengine?.stop();
});

/** The directories whose programs the image has in its PATH. */
const programs = ['images/rtpengine', 'kernel-modules/rtpengine'].map((path) => join(chartsFolder, '..', path));

function succeeds(command: readonly string[], env: Readonly<Record<string, string>>): Promise<boolean> {
  const [program = '', ...args] = command;
  return new Promise((resolve) => {
    execFile(program, args, { env: { PATH: serverPath, ...env } }, (error) => resolve(error === null));
  });
}

test('a replica has the ports of its number, its probe asks at them, and it takes no more calls when it is to go', async () => {
  const [control, http, firstMedia] = [await freePort(), await freePort(), 20_000];
  // As replica 1; its own ports are one beyond the first.
  const ports = { control: control - 1, http: http - 1, firstMedia, perReplica: 100 };
  const [workload] = workloads(
    await render('rtpengine', { ports, kernel: { enabled: false }, drain: { refuseSec: 0 }, replicas: 2 }),
  );
  const [container] = workload === undefined ? [] : lastingContainers(workload.pod);
  const [shell = '', ...args] = container?.command ?? [];
  const env = { HOST_IP: '127.0.0.1', REPLICA: '1' };
  rtpengine = start(shell, args, { ...env, PATH: [...programs, serverPath].join(':') });

  const probe = container?.readinessProbe?.exec?.command ?? [];
  await until('the probe finds it ready', () => succeeds(probe, env));
  expect(await succeeds(probe, { ...env, REPLICA: '0' })).toBe(false);
  const metrics = await (await fetch(`http://127.0.0.1:${http}/metrics`)).text();
  expect(metrics).toMatch(/^rtpengine_ports\{.*address="127\.0\.0\.1".*\} 100$/m);
  expect(rtpengine.isGone()).toBe(false);

  // Before it is ended.
  const leave = container?.lifecycle?.preStop?.exec?.command ?? [];
  expect(await succeeds(leave, env)).toBe(true);
  const limit = await (await fetch(`http://127.0.0.1:${http}/cli/list/maxsessions`)).text();
  expect(limit).toContain('Maximum sessions configured on rtpengine: 0');
});
