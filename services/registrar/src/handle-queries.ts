import { type Answer, answer, type Publisher } from '@callweave/bus';
import { type Clock } from '@callweave/clock';
import { type Binding, type FlowToken, listRegistrations, removeRegistration } from '@callweave/contracts';
import { type LocationBucket } from './handle-register.ts';
import { goneBinding, type Told } from './gone-binding.ts';
import { tellChanges } from './tell.ts';

export interface QueryDeps {
  readonly locations: LocationBucket;
  readonly publisher: Publisher;
  readonly clock: Clock;
}

/** Answers who is registered, for operators. */
export function answerList({ locations, clock }: QueryDeps): Answer {
  return answer(listRegistrations, async ({ tenant, after, limit }) => {
    const now = clock.epochMs();
    const users = (await locations.list())
      .map(({ value: { user, aor, bindings, tenant: owner } }) => ({
        owner,
        user,
        aor,
        bindings: bindings.filter(({ expiresAt }) => expiresAt > now),
      }))
      .filter(({ owner, bindings }) => owner === tenant && bindings.length > 0)
      .sort((a, b) => (a.user < b.user ? -1 : 1));
    const rest = after === undefined ? users : users.filter(({ user }) => user > after);
    return { users: rest.slice(0, limit), total: users.length, more: rest.length > limit };
  });
}

/** Removes bindings on behalf of an operator, or of the edge whose connection to a device has closed. */
export function answerRemove({ locations, publisher, clock }: QueryDeps): Answer {
  return answer(removeRegistration, async ({ tenant, user, contact, flow }) => {
    let told: Told[] = [];
    const record = await locations.modify({ tenant, user }, (stored) => {
      told = [];
      const leaving = (stored?.bindings ?? []).filter(
        (binding) => (contact ?? binding.contact) === binding.contact && (flow === undefined || hangsOn(flow, binding)),
      );
      if (stored === undefined || leaving.length === 0) return 'keep';
      const gone = leaving.map((binding, index) =>
        goneBinding(
          binding,
          flow === undefined ? 'operator' : 'flow-closed',
          clock.epochMs(),
          stored.sequence + index + 1,
        ),
      );
      told = gone.map((binding) => ({ kind: 'gone', gone: binding }));
      const bindings = stored.bindings.filter((binding) => !leaving.includes(binding));
      return { set: { ...stored, bindings, gone: [...stored.gone, ...gone], sequence: stored.sequence + gone.length } };
    });
    if (record !== undefined) tellChanges(publisher, record, told);
    return { removed: told.length };
  });
}

/** A device that was seen where its Contact says can be connected to; any other is gone with its flow. */
function hangsOn(closed: FlowToken, { flow, received }: Binding): boolean {
  return flow === closed && received !== undefined;
}
