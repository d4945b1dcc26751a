import { FakeClock } from '@callweave/clock/testing';
import { CallId, defaultTenant, LegId, type MediaNodeId } from '@callweave/contracts';
import { recordLogs } from '@callweave/telemetry/testing';
import { type CallTotals, type MediaNode, type NodeReply, type Silent } from '../src/media-node.ts';
import { NodePool } from '../src/node-pool.ts';

const silent: Silent = { kind: 'silent' };

/** A media node whose every answer is set by hand; it keeps its calls and what it was asked. */
export class FakeNode implements MediaNode {
  readonly address: string;
  readonly calls = new Set<string>();
  readonly asked: string[] = [];
  /** What offers and answers come to; an SDP unless told otherwise. */
  reply: NodeReply = { kind: 'sdp', sdp: 'v=0 node' };
  /** Carries out what it is told, but nobody hears of it. */
  isFrozen = false;
  uptimeSec = 100;
  extraSessions = 0;

  constructor(address: string) {
    this.address = address;
  }

  report(): ReturnType<MediaNode['report']> {
    const { uptimeSec } = this;
    return this.#unlessFrozen({ kind: 'report', uptimeSec, sessions: this.calls.size + this.extraSessions });
  }

  offer({ callId }: { callId: string }, timeoutMs: number): Promise<NodeReply> {
    this.asked.push(`offer ${String(timeoutMs)}`);
    this.calls.add(callId);
    return this.#unlessFrozen(this.reply);
  }

  answer({ callId }: { callId: string }, timeoutMs: number): Promise<NodeReply> {
    this.asked.push(`answer ${String(timeoutMs)}`);
    return this.#unlessFrozen(this.calls.has(callId) ? this.reply : { kind: 'unknown-call' });
  }

  query(callId: string): ReturnType<MediaNode['query']> {
    this.asked.push('query');
    const totals: CallTotals = { kind: 'totals', statistics: { packets: 7, bytes: 700, errors: 0 }, sides: [] };
    return this.#unlessFrozen(this.calls.has(callId) ? totals : { kind: 'unknown-call' });
  }

  delete(callId: string): ReturnType<MediaNode['delete']> {
    this.asked.push('delete');
    if (this.isFrozen) return Promise.resolve(silent);
    return Promise.resolve({ kind: this.calls.delete(callId) ? 'deleted' : 'unknown-call' });
  }

  close(): void {
    this.asked.push('close');
  }

  #unlessFrozen<T>(outcome: T): Promise<T | Silent> {
    return Promise.resolve(this.isFrozen ? silent : outcome);
  }
}

/** A pool of nodes `a:1`, `b:1` … that have been looked at once. */
export async function openPool(size: number) {
  const clock = new FakeClock(1_000_000_000);
  const log = recordLogs();
  const nodes = Array.from({ length: size }, (_, i) => new FakeNode(`${String.fromCharCode(97 + i)}:1`));
  const told: string[] = [];
  const events = {
    up: (life: MediaNodeId) => void told.push(`up ${life}`),
    down: (life: MediaNodeId) => void told.push(`down ${life}`),
    over: (life: MediaNodeId) => void told.push(`over ${life}`),
  };
  const pool = await NodePool.open(nodes, { clock, log, events });
  return {
    clock,
    log,
    nodes,
    pool,
    /** What was noticed of their lives. */
    told,
    node: (address: string): FakeNode => {
      const node = nodes.find((candidate) => candidate.address === address);
      if (node === undefined) throw new Error(`no node ${address}`);
      return node;
    },
    /** Lets a second pass, in which every node is looked at, and the nodes get a second older. */
    second: async () => {
      for (const node of nodes) node.uptimeSec += 1;
      clock.advance(1_000);
      await settled();
    },
    events: () =>
      log.lines
        .filter(({ level }) => level !== 'debug')
        .map(({ event, fields }) => `${event} ${String(fields['node'])}`),
  };
}

/** Lets everything that is ready to run have its turn. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** The call id number `n`. */
export function callNumber(n: number): CallId {
  return CallId.parse(String(n).padStart(26, '0'));
}

/** Questions about the call number `n`. */
export function questionsAbout(n: number) {
  const about = { tenant: defaultTenant, callId: callNumber(n) };
  const fromLeg = LegId.parse('a'.repeat(36));
  const sdp = { sdp: 'v=0', profile: 'rtp' as const };
  return {
    offer: { ...about, fromLeg, ...sdp },
    answer: { ...about, fromLeg, toLeg: LegId.parse('b'.repeat(36)), ...sdp },
    about,
  };
}
