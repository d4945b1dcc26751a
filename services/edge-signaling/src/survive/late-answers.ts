import { LegId } from '@callweave/contracts';
import { parseMessage, SipError, type SipResponse } from '@callweave/sip';
import { type ReadableMessage } from '@callweave/srf';
import { ignore, type Logger } from '@callweave/telemetry';
import { type CallRecords } from '../call/call-records.ts';
import { answeredDialog, dialogIdentity, type TargetRefresh } from '../leg/dialog.ts';
import { type LegTable, type SendRequest, silent } from '../leg/leg.ts';
import { CSEQ_STEP, namedRequest } from '../leg/named-request.ts';
import { type StrayResponse } from './peers.ts';

export interface LateAnswersDeps {
  readonly records: Pick<CallRecords, 'hasEnded'>;
  readonly legs: Pick<LegTable, 'byId'>;
  readonly send: SendRequest;
  /** Acknowledges a refusal for an engine that is gone. */
  readonly acknowledge: (refusal: ReadableMessage, peer: string) => void;
  readonly log: Logger;
}

/**
 * Ends what devices say to an INVITE of an engine that is gone, once its call is known to be over: a refusal is acknowledged,
 * and who has picked up is hung up on. What they say is repeated until then; of calls that nobody knows it is left alone, for
 * anybody can say it. RFC 3261 §13.2.2.4, §17.1.1.3
 */
export class LateAnswers {
  readonly #deps: LateAnswersDeps;

  constructor(deps: LateAnswersDeps) {
    this.#deps = deps;
  }

  /** Throws `BusUnavailableError`. */
  async take({ message, source, transport }: StrayResponse): Promise<void> {
    const response = this.#read(message);
    if (response === undefined || response.cseq.method !== 'INVITE' || response.status < 200) return;
    const legId = LegId.safeParse(response.fromTag).data;
    const { records, legs } = this.#deps;
    if (legId === undefined || legs.byId(legId) !== undefined || !(await records.hasEnded(legId))) return;
    const answer = { header: (name: string) => response.headers.get(name), body: undefined, source, transport };
    if (response.status >= 300) this.#deps.acknowledge(answer, source);
    else this.#hangUp(legId, answer);
  }

  #hangUp(legId: LegId, answer: TargetRefresh): void {
    const { send, log } = this.#deps;
    try {
      const leg = { legId, identity: dialogIdentity(answer, 'to'), dialog: answeredDialog(answer) };
      log.info('answer.late', { legId });
      const headers = { Reason: 'SIP;cause=503;text="The caller is gone"' };
      send(namedRequest(leg, { method: 'BYE', headers }, leg.dialog.localCseq + CSEQ_STEP), silent);
    } catch (error) {
      if (!(error instanceof SipError)) throw error;
      ignore(log, error, 'the peer gives up by itself');
    }
  }

  #read(text: string): SipResponse | undefined {
    try {
      const message = parseMessage(Buffer.from(text));
      return message.kind === 'response' && message.problem === undefined ? message : undefined;
    } catch (error) {
      if (!(error instanceof SipError)) throw error;
      ignore(this.#deps.log, error, 'the peer gives up by itself');
      return undefined;
    }
  }
}
