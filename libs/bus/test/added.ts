import { Aor, type BindingUpdated, bindingAdded, defaultTenant, EpochMs, InstanceId, User } from '@callweave/contracts';
import { type Fact } from '../src/publisher.ts';

/** The fact that `user` was added, numbered `sequence`. */
export function added(user: string, sequence: number): Fact<typeof bindingAdded.pattern, typeof BindingUpdated> {
  return {
    type: bindingAdded,
    tokens: { tenant: defaultTenant, user },
    id: `${user}-${String(sequence)}`,
    data: {
      tenant: defaultTenant,
      user: User.parse(user),
      aor: Aor.parse(`sip:${user}@example.org`),
      contact: `sip:${user}@192.0.2.1`,
      edge: InstanceId.parse('eeeeeeeeeeeeeeee'),
      sequence,
      expiresAt: EpochMs.parse(1_700_000_000_000),
    },
    context: { tenant: defaultTenant, sequence },
  };
}
