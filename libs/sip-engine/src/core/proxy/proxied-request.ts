import { rankOf, serializeMessage, type SipRequest, type SipResponse } from '@callweave/sip';
import { RefusedError } from '../../errors.ts';
import { type NextHops } from '../../locate/next-hop.ts';
import { type Ways } from '../../locate/ways.ts';
import { type Inbound } from '../../transport/transport.ts';
import { type Core } from '../context.ts';
import { restSecOf, silenceMs } from '../tries.ts';
import { type UasRequest } from '../uas-request.ts';
import { Branch, type BranchUser } from './branch.ts';
import { shareOf } from './breadth.ts';
import { forwardedBytes, isOwnUri } from './forward-request.ts';
import { type Signer } from './signer.ts';
import { loopMark, popVia } from './via.ts';
import { type ProxyReport, type ProxyWish } from './wish.ts';

/** Targets of one request, redirections included; more are a loop or an attack. */
export const MAX_TARGETS = 32;

/** What a proxied request needs besides the engine's core. */
export interface ProxyParts {
  readonly core: Core;
  readonly hops: NextHops;
  readonly signer: Signer;
  readonly request: UasRequest;
  readonly inbound: Inbound<SipRequest>;
  readonly wish: ProxyWish;
  readonly report: ProxyReport;
  /** How many branches it may have at once; undefined for any number. */
  readonly breadth: number | undefined;
  readonly onEnd: () => void;
}

/** A request on its way to its targets: the response context of RFC 3261 §16. */
export class ProxiedRequest implements BranchUser {
  readonly #parts: ProxyParts;
  readonly #waiting: string[];
  readonly #branches = new Set<Branch>();
  readonly #ways = new Map<Branch, { readonly ways: Ways; readonly tryNext: () => void }>();
  /** Targets whose way is being looked up. */
  #looking = 0;
  /** Their part of the breadth. */
  #reserved = 0;
  #seen: number;
  #best: { readonly status: number; readonly response: SipResponse | undefined } | undefined;
  readonly #challenges: SipResponse[] = [];
  /** No further target is tried. */
  #isClosed = false;
  #isCancelled = false;
  /** The caller has its final response. */
  #isAnswered = false;
  #isDone = false;

  constructor(parts: ProxyParts) {
    this.#parts = parts;
    this.#waiting = parts.wish.targets.slice(0, MAX_TARGETS);
    this.#seen = this.#waiting.length;
  }

  begin(): void {
    this.#tryNext();
  }

  /** The caller has given up, RFC 3261 §16.10: what the targets make of it is the answer. */
  cancelled(): void {
    this.#isCancelled = true;
    this.#stopSearch();
    this.#cancelAll();
    // Of targets that are silent nothing is to be expected.
    const isHopeless = [...this.#branches].every(({ hasAnswered }) => !hasAnswered);
    if (isHopeless || this.#parts.core.quirks.answersCancelItself) this.#answer487();
    this.#checkEnd();
  }

  onResponse(branch: Branch, inbound: Inbound<SipResponse>): void {
    const { message } = inbound;
    const { status } = message;
    if (status < 200) {
      if (!this.#isAnswered) this.#forward(message);
      return;
    }
    if (status === 503 && this.#triesNext(branch, restSecOf(message))) return;
    if (this.#parts.wish.tellsResponses && !this.#isDone) this.#parts.report.response(inbound);
    if (status < 300) this.#onSuccess(branch, message);
    else this.#onRefusal(message);
  }

  onFailure(branch: Branch, status: number): void {
    if (this.#triesNext(branch)) return;
    this.#keep(status, undefined);
    this.#proceed();
  }

  /** A 2xx goes to the caller in any case: only the caller can acknowledge it. RFC 3261 §16.7 step 5. */
  #onSuccess(branch: Branch, message: SipResponse): void {
    this.#stopSearch();
    if (this.#parts.request.method === 'INVITE' || !this.#isAnswered) this.#forward(message);
    this.#isAnswered = true;
    this.#cancelAll(branch);
    this.#end();
  }

  #onRefusal(message: SipResponse): void {
    const { status } = message;
    const { wish } = this.#parts;
    if (status === 401 || status === 407) this.#challenges.push(message);
    if (status < 400 && wish.followsRedirects && !this.#isClosed) {
      const { contacts } = message;
      const targets = contacts === '*' ? [] : contacts.map(({ uri }) => uri);
      for (const uri of targets) if (this.#seen++ < MAX_TARGETS) this.#waiting.push(uri);
      if (targets.length === 0) this.#keep(status, message);
    } else this.#keep(status, message);
    // RFC 3261 §16.7 step 5: nobody else is to be asked after a 6xx; who is challenged first is to answer.
    if (status >= 600 || ((status === 401 || status === 407) && !wish.isSimultaneous)) this.#stopSearch();
    if (status >= 600) this.#cancelAll();
    this.#proceed();
  }

  #keep(status: number, response: SipResponse | undefined): void {
    if (this.#best === undefined || rankOf(status) < rankOf(this.#best.status)) this.#best = { status, response };
  }

  #proceed(): void {
    this.#tryNext();
    this.#checkEnd();
  }

  #tryNext(): void {
    const { isSimultaneous } = this.#parts.wish;
    while (this.#waiting.length > 0 && (isSimultaneous || !this.#isBusy)) {
      const breadth = this.#share(isSimultaneous ? this.#waiting.length : 1);
      // What is free again when another branch has ended is taken then, RFC 5393 §5.3.3.1.
      if (breadth === 0) return;
      const target = this.#waiting.shift();
      if (target !== undefined) this.#tryTarget(target, breadth);
    }
  }

  /** The part of the breadth for one of so many targets. */
  #share(among: number): number | undefined {
    const { breadth } = this.#parts;
    if (breadth === undefined) return undefined;
    let free = breadth - this.#reserved;
    for (const branch of this.#branches) free -= branch.breadth;
    return shareOf(free, among);
  }

  /** Whether some target may still give a final response. */
  get #isBusy(): boolean {
    return this.#looking > 0 || [...this.#branches].some(({ isOpen }) => isOpen);
  }

  #tryTarget(target: string, breadth: number | undefined): void {
    try {
      const ways = this.#parts.hops.known(this.#nextHop(target));
      if (ways !== undefined) {
        this.#forwardTo(target, ways, breadth);
        return;
      }
    } catch (error) {
      this.#unreachable(error);
      return;
    }
    this.#looking++;
    this.#reserved += breadth ?? 0;
    void this.#parts.hops
      .find(this.#nextHop(target))
      .then((ways) => {
        this.#looking--;
        this.#reserved -= breadth ?? 0;
        if (!this.#isClosed) this.#forwardTo(target, ways, breadth);
        this.#proceed();
      })
      .catch((error: unknown) => {
        this.#looking--;
        this.#reserved -= breadth ?? 0;
        this.#unreachable(error);
        this.#proceed();
      });
  }

  #unreachable(error: unknown): void {
    if (!(error instanceof RefusedError)) throw error;
    this.#parts.core.log.info('proxy.unreachable', {
      callId: this.#parts.inbound.message.callId,
      reason: error.message,
    });
    this.#keep(503, undefined);
  }

  #nextHop(target: string): string {
    const [route] = this.#parts.inbound.message.addresses('route');
    return route?.uri ?? target;
  }

  /** Sends it to the next address of a target. */
  #forwardTo(target: string, ways: Ways, breadth: number | undefined): void {
    const { core, signer, inbound, wish } = this.#parts;
    const flow = ways.next();
    if (flow === undefined) {
      this.#unreachable(new RefusedError('requested protocol/transport not available'));
      return;
    }
    const { message: request, flow: cameBy } = inbound;
    const branch = `${core.ids.branch()}.${loopMark(signer, request)}`;
    const uri = isOwnUri(core.listeners, request.uri) ? target : request.uri;
    const mark = core.quirks.marksNoRoutes ? '' : `;by=${signer.sign(`dialog ${request.callId}`)}`;
    const { staysInPath, headers: added, finalMs } = wish;
    const provisionalMs = ways.hasMore
      ? Math.min(silenceMs(core.timers), wish.provisionalMs ?? Number.POSITIVE_INFINITY)
      : wish.provisionalMs;
    const bytes = forwardedBytes({ request, cameBy, flow, uri, branch, breadth, staysInPath, mark, added });
    const limits = { provisionalMs, finalMs, breadth: breadth ?? 0 };
    const made = new Branch(core, this, { method: request.method, bytes, branch, flow, ...limits });
    this.#branches.add(made);
    this.#ways.set(made, { ways, tryNext: () => this.#forwardTo(target, ways, breadth) });
    made.begin();
  }

  /** Sends it to the next address of a target when one failed that has not rung, RFC 3263 §4.3; false when there is none. */
  #triesNext(branch: Branch, restSec?: number): boolean {
    const found = this.#ways.get(branch);
    if (found === undefined || branch.hasRung) return false;
    if (restSec !== 0) found.ways.failed(restSec);
    if (!found.ways.hasMore || this.#isClosed) return false;
    found.tryNext();
    this.#checkEnd();
    return true;
  }

  #stopSearch(): void {
    this.#isClosed = true;
    this.#waiting.length = 0;
  }

  #cancelAll(except?: Branch): void {
    for (const branch of this.#branches) if (branch !== except) branch.cancel();
  }

  /** When nobody is left to ask, the best answer goes to the caller. RFC 3261 §16.7 step 6. */
  #checkEnd(): void {
    if (this.#isBusy || this.#waiting.length > 0) return;
    if (!this.#isAnswered) {
      this.#isAnswered = true;
      this.#answerBest();
    }
    this.#end();
  }

  #answerBest(): void {
    const { request } = this.#parts;
    const { status, response } = this.#best ?? { status: 408, response: undefined };
    // RFC 4320 §4.2: whoever asked has given up by now, and other proxies on the way as well.
    if (status === 408 && request.method !== 'INVITE') {
      request.abandon();
      return;
    }
    if (response === undefined) {
      request.respond(this.#isCancelled ? 487 : status === 503 ? 500 : status);
      return;
    }
    // RFC 3261 §16.7 step 6: another try may reach a target that is not out of service.
    if (status === 503) {
      request.respond(500);
      return;
    }
    this.#forward(status === 401 || status === 407 ? withAllChallenges(response, this.#challenges) : response);
  }

  #answer487(): void {
    if (this.#isAnswered) return;
    this.#isAnswered = true;
    this.#parts.request.respond(487);
  }

  #forward(message: SipResponse): void {
    popVia(message);
    this.#parts.request.forward(message.status, serializeMessage(message));
  }

  #end(): void {
    if (this.#isDone || this.#isBusyAfterAnswer) return;
    this.#isDone = true;
    if (this.#parts.wish.tellsResponses) this.#parts.report.done();
    this.#parts.onEnd();
  }

  /** After the answer to a cancelled request the targets' own answers are still told. */
  get #isBusyAfterAnswer(): boolean {
    return this.#isCancelled && this.#isBusy;
  }
}

/** RFC 3261 §16.7 step 7: the caller learns every challenge, so that one further try can answer all. */
function withAllChallenges(response: SipResponse, all: readonly SipResponse[]): SipResponse {
  for (const other of all) {
    if (other === response) continue;
    for (const name of ['WWW-Authenticate', 'Proxy-Authenticate']) {
      for (const value of other.headers.all(name)) response.headers.append(name, value);
    }
  }
  return response;
}
