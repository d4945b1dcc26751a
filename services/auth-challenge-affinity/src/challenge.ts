import { type Answer, answer } from '@callweave/bus';
import { type Clock } from '@callweave/clock';
import { challenge, InstanceId, type Subscriber, type Tenant } from '@callweave/contracts';
import { serializeChallenge } from '@callweave/sip';
import { type AccountStore } from './account-store.ts';
import { type NonceKeys } from './key-ring.ts';
import { issueNonce } from './nonce.ts';
import { offeredAlgorithms } from './offer.ts';

export interface ChallengerDeps {
  readonly instance: string;
  readonly accounts: AccountStore;
  readonly keys: Pick<NonceKeys, 'signing'>;
  readonly clock: Clock;
}

/** Makes challenges that bring the follow-up back to this replica (challenge affinity, S106). */
export class Challenger {
  readonly #deps: ChallengerDeps;
  readonly #instance: InstanceId;

  constructor(deps: ChallengerDeps) {
    this.#deps = deps;
    this.#instance = InstanceId.parse(deps.instance);
  }

  /** One header value per offered algorithm, all with the same nonce. */
  challenges(tenant: Tenant, account: Subscriber | undefined, stale: boolean): string[] {
    const { accounts, keys, clock } = this.#deps;
    const { realm, minimumAlgorithm } = accounts.tenant(tenant);
    const nonce = issueNonce(this.#instance, clock.epochMs(), keys.signing);
    return offeredAlgorithms(minimumAlgorithm, account).map((algorithm) =>
      serializeChallenge({ realm, nonce, algorithm, qop: ['auth'], stale }),
    );
  }

  /** Answers requests for a first challenge. */
  answer(): Answer {
    return answer(challenge, async ({ tenant, user }) => {
      const account = await this.#deps.accounts.account(tenant, user);
      return { challenges: this.challenges(tenant, account, false) };
    });
  }
}
