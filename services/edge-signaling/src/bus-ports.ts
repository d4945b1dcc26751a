import { type Bus } from '@callweave/bus';
import { challenge, nonceIssuer, register, removeRegistration, verify } from '@callweave/contracts';
import { parseDigestCredentials, SipSyntaxError } from '@callweave/sip';
import { type Logger } from '@callweave/telemetry';
import { orUnavailable } from './bus-ask.ts';
import { type Authenticator, type Registrar } from './ports.ts';

/** An answer that comes later than this finds a device that has given up or asked again. */
const AUTH_DEADLINE_MS = 8_000;
/** A write may have to wait for an election of JetStream (4–9 s). */
const REGISTER_DEADLINE_MS = 12_000;

/** Asks the auth service; a verification goes to the replica that issued the nonce first (S106). */
export function busAuthenticator(bus: Bus, log: Logger): Authenticator {
  return {
    challenge: (tenant, user) =>
      orUnavailable(log, async () => {
        const { challenges } = await bus.ask(challenge, {}, { tenant, user }, { deadlineMs: AUTH_DEADLINE_MS });
        return { kind: 'challenged', challenges };
      }),
    verify: (request) => {
      const first = issuerOf(request.credentials);
      return orUnavailable(log, () => bus.ask(verify, {}, request, { deadlineMs: AUTH_DEADLINE_MS, first }));
    },
  };
}

/** Asks the registrar. */
export function busRegistrar(bus: Bus, log: Logger): Registrar {
  return {
    register: (request) =>
      orUnavailable(log, () => bus.ask(register, {}, request, { deadlineMs: REGISTER_DEADLINE_MS, attemptMs: 600 })),
    flowClosed: async (closed) => {
      const answer = await orUnavailable(log, () =>
        bus.ask(removeRegistration, {}, closed, { deadlineMs: REGISTER_DEADLINE_MS, attemptMs: 600 }),
      );
      return 'removed' in answer ? answer : { removed: 0 };
    },
  };
}

function issuerOf(credentials: string): string | undefined {
  try {
    return nonceIssuer(parseDigestCredentials(credentials).nonce);
  } catch (error) {
    // The auth service says what is wrong with them.
    if (error instanceof SipSyntaxError) return undefined;
    throw error;
  }
}
