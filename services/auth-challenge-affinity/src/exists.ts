import { type Answer, answer } from '@callweave/bus';
import { accountExists } from '@callweave/contracts';
import { type AccountStore } from './account-store.ts';

/** Answers whether there is such an account. */
export function answerExists(accounts: AccountStore): Answer {
  return answer(accountExists, async ({ tenant, user }) => ({
    exists: (await accounts.account(tenant, user)) !== undefined,
  }));
}
