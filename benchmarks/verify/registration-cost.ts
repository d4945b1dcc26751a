// What a registration costs (a REGISTER, its challenge, and the REGISTER that answers it): CPU of every process, in sum,
// and as a ratio to Kamailio's registrar, which challenges and keeps bindings in its own memory, in the same run, in
// turn. Arguments: rounds=N seconds=N rate=N.
import { argv } from 'node:process';
import { addSubscribers, runSipp, sippLines, startPlatform, takeLoadTurn } from '@callweave/test';
import { KamailioPeer } from '../peers/kamailio.ts';
import { compare, planOf, TURN_MS } from '../support/rounds.ts';
import { type Side } from '../support/side.ts';

const ACCOUNTS = 1_000;

const plan = planOf(argv.slice(2), { rounds: 5, seconds: 10, rate: 200 });
const platform = await startPlatform();
let kamailio: KamailioPeer | undefined;
try {
  const accounts = await addSubscribers(await platform.bus(), 'phone', ACCOUNTS);
  const lines = sippLines(accounts);
  const loadOf =
    (remote: string): Side['load'] =>
    (rate, seconds) =>
      runSipp({ scenario: 'register', remote, calls: rate * seconds, rate, lines });
  const peer = await KamailioPeer.start({
    callee: '127.0.0.1:9',
    password: accounts[0]?.password ?? '',
    challenge: false,
  });
  kamailio = peer;
  const reference: Side = { name: 'kamailio', processes: () => peer.processes, load: loadOf(peer.address) };
  const product: Side = {
    name: 'platform',
    processes: () => platform.processes(),
    load: loadOf(platform.sip[0] ?? ''),
  };
  const result = await compare([reference, product], plan, { waits: {}, takeTurn: () => takeLoadTurn(TURN_MS) });
  console.log(JSON.stringify({ ...plan, accounts: ACCOUNTS, reference: 'kamailio', ...result }));
} finally {
  await kamailio?.stop();
  await platform.stop();
}
