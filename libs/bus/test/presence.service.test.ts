import { recordLogs } from '@callweave/telemetry/testing';
import { Events } from 'nats';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Connection, openConnection } from '../src/connection.ts';
import { type NatsServer, startNats } from '../src/testing.ts';
import { eventually } from './eventually.ts';
import { oracleProfile } from './weather.ts';

let nats: NatsServer;
let connection: Connection;

beforeAll(async () => {
  nats = await startNats({ profiles: [oracleProfile] });
  const { name } = oracleProfile;
  connection = await openConnection({ url: nats.url, user: name, password: name, name }, recordLogs());
});

afterAll(async () => {
  await connection.nc.close();
  await nats.stop();
});

test('who needs a connection that is lost and at once back waits for it', async () => {
  const { nc } = connection;
  const told = nc.status();
  await nc.reconnect();
  for await (const { type } of told) if (type === Events.Disconnect) break;
  await connection.connected('a question');
  expect(connection.isConnected()).toBe(true);
});

test('and is told that there is none when it does not come back', async () => {
  await nats.kill();
  await eventually(() => expect(connection.isConnected()).toBe(false));
  await expect(connection.connected('a question')).rejects.toMatchObject({
    code: 'BUS_UNAVAILABLE',
    message: expect.stringContaining('a question: no connection') as string,
  });
});
