// Prints the events of calls as they happen: npx tsx examples/watch-calls.ts NATS_URL USER PASSWORD
import process from 'node:process';
import { connect } from 'nats';

const [servers = 'nats://127.0.0.1:4222', user = 'operator', pass = ''] = process.argv.slice(2);
const nc = await connect({ servers, user, pass });
for await (const message of nc.subscribe('callweave.call.v1.>')) {
  const { time, type, callid, sequence, data } = message.json<{
    readonly time: string;
    readonly type: string;
    readonly callid: string;
    readonly sequence: number;
    readonly data: unknown;
  }>();
  console.log(time, callid, `#${sequence}`, type, JSON.stringify(data));
}
