import { type Clock } from '@callweave/clock';
import {
  type FlowToken,
  type GrantedContact,
  RegisterRequest,
  type RegisterResponse,
  type Tenant,
} from '@callweave/contracts';
import { quote } from '@callweave/sip';
import { type IncomingRequest, type Reply } from '@callweave/srf';
import { annotate } from '@callweave/telemetry';
import { authenticate } from '../admit/authenticate.ts';
import { type Flow } from '../flow-token.ts';
import { type Authenticator, type Registrar, type TenantDirectory, type Unavailable } from '../ports.ts';
import { unavailable } from '../unavailable.ts';
import { parseRegister, type RegisterFacts } from './parse-register.ts';
import { type FlowDeps, requestFlow } from './request-flow.ts';

export interface RegisterDeps extends FlowDeps {
  readonly authenticator: Authenticator;
  readonly registrar: Registrar;
  readonly tenants: Pick<TenantDirectory, 'byDomain'>;
  /** Why no service can be asked now; undefined when they can. */
  readonly notReady: () => string | undefined;
  readonly sealFlow: (flow: Flow) => FlowToken;
  readonly clock: Clock;
}

/** REGISTERs answered at the same time; the next is told to come back (a held one waits for an election). */
export const MAX_HELD = 2_000;

/** Answers REGISTERs: parse, authenticate, store. RFC 3261 §10.3, §22. */
export class RegisterHandler {
  readonly #deps: RegisterDeps;
  #held = 0;
  readonly #whenIdle: (() => void)[] = [];

  constructor(deps: RegisterDeps) {
    this.#deps = deps;
  }

  /** REGISTERs in hand. */
  get held(): number {
    return this.#held;
  }

  async handle(request: IncomingRequest): Promise<void> {
    if (this.#held >= MAX_HELD || this.#deps.notReady() !== undefined) {
      await request.reply(unavailable());
      return;
    }
    this.#held += 1;
    try {
      await request.reply(await this.#decide(request));
    } finally {
      this.#held -= 1;
      if (this.#held === 0) for (const resolve of this.#whenIdle.splice(0)) resolve();
    }
  }

  /** Resolves when no REGISTER is in hand. */
  async idle(): Promise<void> {
    if (this.#held > 0) await new Promise<void>((resolve) => this.#whenIdle.push(resolve));
  }

  async #decide(request: IncomingRequest): Promise<Reply> {
    const parsed = parseRegister(request);
    if (parsed.kind === 'refuse') return parsed.reply;
    const { facts } = parsed;
    const { tenant, realm } = this.#deps.tenants.byDomain(facts.domain);
    annotate({ 'callweave.tenant': tenant });
    const claim = { tenant, realm, user: facts.user, as: 'registrar' } as const;
    const refusal = await authenticate(request, claim, this.#deps.authenticator);
    if (refusal !== undefined) return refusal;
    const question = RegisterRequest.safeParse(this.#registerRequest(request, facts, tenant));
    if (!question.success) return { status: 400, reason: 'Bad Request (too long)' };
    return this.#answer(await this.#deps.registrar.register(question.data), request, facts);
  }

  #registerRequest(
    request: IncomingRequest,
    facts: RegisterFacts,
    tenant: Tenant,
  ): Parameters<Registrar['register']>[0] {
    const { user, aor, callId, cseq, contacts, expiresSec, path, userAgent, contactHostPort } = facts;
    const way = requestFlow(request, this.#deps);
    const { transport, remote } = way;
    // Nobody can connect to a browser: whatever its Contact says, it is reached where its connection came from.
    const isBrowser = transport === 'ws' || transport === 'wss';
    // By proxies in between it is reached as they say.
    const isNatted = path.length === 0 && contactHostPort !== undefined && (isBrowser || contactHostPort !== remote);
    return {
      tenant,
      user,
      aor,
      callId,
      cseq,
      contacts: contacts === '*' ? '*' : [...contacts],
      expiresSec,
      path: [...path],
      userAgent,
      edge: way.instance,
      flow: this.#deps.sealFlow(way),
      received: isNatted ? remote : undefined,
      // A connection is kept open by who opened it.
      keepAlive: isNatted && transport === 'udp' ? true : undefined,
    };
  }

  #answer(response: RegisterResponse | Unavailable, request: IncomingRequest, { path }: RegisterFacts): Reply {
    switch (response.kind) {
      case 'registered':
        return { status: 200, headers: this.#okHeaders(response.contacts, path, request) };
      case 'interval-too-brief':
        return { status: 423, headers: { 'Min-Expires': String(response.minExpiresSec) } };
      case 'out-of-order':
        return { status: 500, reason: 'Out Of Order' };
      case 'too-many-contacts':
        return { status: 403, reason: `Too Many Contacts (${String(response.max)})` };
      case 'busy':
        return unavailable(response.retryAfterSec);
      case 'unavailable':
        return unavailable();
    }
  }

  #okHeaders(
    contacts: readonly GrantedContact[],
    path: readonly string[],
    request: IncomingRequest,
  ): NonNullable<Reply['headers']> {
    const transport = request.transport === 'udp' ? '' : `;transport=${request.transport}`;
    return {
      Date: new Date(this.#deps.clock.epochMs()).toUTCString(),
      Supported: 'path',
      'Service-Route': `<sip:${this.#deps.ownAddress(request)}${transport};lr>`,
      ...(contacts.length === 0 ? {} : { Contact: contacts.map(formatContact) }),
      ...(path.length === 0 ? {} : { Path: [...path] }),
    };
  }
}

function formatContact({ contact, expiresSec, q, instanceId, regId }: GrantedContact): string {
  const instance = instanceId === undefined ? '' : `;+sip.instance=${quote(instanceId)}`;
  const reg = regId === undefined ? '' : `;reg-id=${String(regId)}`;
  const preference = q === 1 ? '' : `;q=${String(q)}`;
  return `<${contact}>;expires=${String(expiresSec)}${preference}${instance}${reg}`;
}
