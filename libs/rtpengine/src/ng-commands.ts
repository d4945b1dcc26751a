import { type BencodeDictionary, type BencodeValue } from './bencode.ts';
import { NgProtocolError, NgRefusedError } from './errors.ts';
import { isDictionary, type NgClient } from './ng-client.ts';
import { type NgParty, partiesOf } from './ng-parties.ts';
import { type NgProfile, profileFlags } from './ng-profile.ts';

/** An SDP on its way through a node. */
export interface NgOffer {
  readonly callId: string;
  /** Tag of the party that offers. */
  readonly fromTag: string;
  /** Tag of the party that is to answer, once it is known. */
  readonly toTag?: string | undefined;
  /** Tells offers that go to several parties at once from each other; the answer names that of its offer. */
  readonly viaBranch?: string | undefined;
  readonly sdp: string;
  /** What the party that will get the result needs. */
  readonly profile: NgProfile;
  /** Names of the node's interfaces towards the offering side and the other; its first one unless said. */
  readonly interfaces?: readonly [from: string, to: string] | undefined;
  /** Addresses that the party which gets the result has; those of the other unless said. */
  readonly family?: 'ipv4' | 'ipv6' | undefined;
  /** By which hash it is shown the node's certificate, if it needs one. */
  readonly dtlsHash?: string;
  readonly timeoutMs: number;
}

/** The answer to an offer; it goes back to the party that offered, and `profile` is that party's. */
export interface NgAnswer extends Omit<NgOffer, 'interfaces' | 'family'> {
  /** Tag of the party that answers. */
  readonly toTag: string;
}

/** What a node relayed of one call, both directions together. */
export interface NgTotals {
  readonly packets: number;
  readonly bytes: number;
  readonly errors: number;
}

/** What a node relayed of one call. */
export interface NgRelayed {
  readonly totals: NgTotals;
  readonly parties: readonly NgParty[];
}

/** What a node says of itself. */
export interface NgStatistics {
  /** Seconds since it was started: less than before means that it is another one now, which knows no calls. */
  readonly uptimeSec: number;
  readonly sessions: number;
}

/** The commands of rtpengine's ng protocol that the platform uses. Each rejects as `NgClient.request` does. */
export class NgCommands {
  readonly #client: Pick<NgClient, 'request'>;

  constructor(client: Pick<NgClient, 'request'>) {
    this.#client = client;
  }

  /** Resolves when the node is there. */
  async ping(timeoutMs: number): Promise<void> {
    await this.#client.request({ command: 'ping' }, timeoutMs);
  }

  /** Opens ports for the offering side, or changes what they do; returns the SDP to send on. */
  async offer({ sdp, profile, dtlsHash, interfaces, family, timeoutMs, ...parties }: NgOffer): Promise<string> {
    const where = {
      ...(interfaces !== undefined && { direction: [...interfaces] }),
      ...(family !== undefined && { 'address family': family === 'ipv6' ? 'IP6' : 'IP4' }),
    };
    const command = { command: 'offer', ...tagsOf(parties), sdp, ...where, ...profileFlags(profile, dtlsHash) };
    return sdpOf('offer', await this.#client.request(command, timeoutMs));
  }

  /** Completes an offer; from now on media flows. Returns the SDP to send back. */
  async answer({ sdp, profile, dtlsHash, timeoutMs, ...parties }: NgAnswer): Promise<string> {
    const command = { command: 'answer', ...tagsOf(parties), sdp, ...profileFlags(profile, dtlsHash) };
    return sdpOf('answer', await this.#client.request(command, timeoutMs));
  }

  /**
   * Ends a call at once, whatever delay the node is set to. With the tag of one party the node tells what it relayed.
   * False when it does not know the call, which is no error.
   */
  async delete(callId: string, timeoutMs: number, fromTag?: string): Promise<{ found: boolean; totals?: NgTotals }> {
    const command = { command: 'delete', 'call-id': callId, 'from-tag': fromTag, 'delete-delay': 0 };
    const answer = await this.#client.request(command, timeoutMs);
    if (answer['warning'] !== undefined) return { found: false };
    return answer['totals'] === undefined ? { found: true } : { found: true, totals: totalsOf(answer) };
  }

  /** What the node relayed of a call so far; undefined when it does not know it. */
  async query(callId: string, timeoutMs: number): Promise<NgRelayed | undefined> {
    try {
      const answer = await this.#client.request({ command: 'query', 'call-id': callId }, timeoutMs);
      return { totals: totalsOf(answer), parties: partiesOf(answer) };
    } catch (error) {
      if (error instanceof NgRefusedError && error.kind === 'unknown-call') return undefined;
      throw error;
    }
  }

  /** The calls on the node, at most `limit` of them. */
  async list(limit: number, timeoutMs: number): Promise<string[]> {
    const { calls } = await this.#client.request({ command: 'list', limit }, timeoutMs);
    if (!Array.isArray(calls)) throw new NgProtocolError('list without calls');
    return calls.filter((call) => typeof call === 'string');
  }

  /** How long the node has been running and how many calls it carries. */
  async statistics(timeoutMs: number): Promise<NgStatistics> {
    const answer = await this.#client.request({ command: 'statistics' }, timeoutMs);
    const { currentstatistics: current, totalstatistics: total } = dictionaryIn(answer, 'statistics');
    return {
      uptimeSec: numberIn(total, 'uptime'),
      sessions: numberIn(current, 'sessionsown'),
    };
  }
}

function tagsOf({ callId, fromTag, toTag, viaBranch }: Pick<NgOffer, 'callId' | 'fromTag' | 'toTag' | 'viaBranch'>): {
  readonly [key: string]: BencodeValue | undefined;
} {
  return { 'call-id': callId, 'from-tag': fromTag, 'to-tag': toTag, 'via-branch': viaBranch };
}

/** An `ok` without SDP is how the node answers an SDP that is empty. */
function sdpOf(command: string, { sdp }: BencodeDictionary): string {
  if (typeof sdp !== 'string' || sdp === '') throw new NgRefusedError(command, 'no SDP in the answer');
  return sdp;
}

function totalsOf(answer: BencodeDictionary): NgTotals {
  const { RTP: rtp } = dictionaryIn(answer, 'totals');
  return { packets: numberIn(rtp, 'packets'), bytes: numberIn(rtp, 'bytes'), errors: numberIn(rtp, 'errors') };
}

function dictionaryIn(dictionary: BencodeDictionary, key: string): BencodeDictionary {
  const value = dictionary[key];
  if (!isDictionary(value)) throw new NgProtocolError(`no ${key}`);
  return value;
}

/** Some versions write counters as integers, others as strings of digits. */
function numberIn(value: BencodeValue | undefined, key: string): number {
  const number = isDictionary(value) && value[key] !== undefined ? Number(value[key]) : NaN;
  if (!Number.isFinite(number)) throw new NgProtocolError(`no number ${key}`);
  return number;
}
