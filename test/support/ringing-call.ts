import { type Baresip, startBaresip } from './baresip.ts';
import { type TwoEdges } from './two-edges.ts';
import { until } from './until.ts';

/** Two softphones, one of which is called by the other and rings. */
export interface RingingCall {
  readonly alice: Baresip;
  readonly bob: Baresip;
  readonly quit: () => Promise<void>;
}

/** Has alice call bob by the address that the edges share; resolves when that he rings is told. */
export async function ringingCall(edges: TwoEdges): Promise<RingingCall> {
  const registrar = edges.router.address;
  const [alice, bob] = await Promise.all(
    edges.platform.accounts.map((account) => startBaresip({ ...account, registrar, answers: false })),
  );
  if (alice === undefined || bob === undefined) throw new Error('no accounts');
  await Promise.all([alice.waitFor('REGISTER_OK'), bob.waitFor('REGISTER_OK')]);
  alice.command('dial', `sip:bob@${registrar}`);
  await Promise.all([bob.waitFor('CALL_INCOMING'), alice.waitFor('CALL_RINGING')]);
  await until('the call is told', async () => (await edges.newCalls())[0]?.at(-1) === 'ringing');
  return {
    alice,
    bob,
    quit: async () => {
      await Promise.all([alice.quit(), bob.quit()]);
    },
  };
}
