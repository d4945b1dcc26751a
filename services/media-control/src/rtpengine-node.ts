import { type Faults } from '@callweave/bus';
import { type Clock } from '@callweave/clock';
import { dtlsHashOf, LegId } from '@callweave/contracts';
import {
  NgClient,
  NgCommands,
  NgError,
  type NgOffer,
  NgRefusedError,
  type NgRelayed,
  NgTooLargeError,
  ngUdpSocket,
  type OpenNgSocket,
} from '@callweave/rtpengine';
import { histogram, type Logger } from '@callweave/telemetry';
import { type CallTotals, type MediaNode, type NodeOffer, type NodeReply, type Silent } from './media-node.ts';
import { commandDuration } from './metrics.ts';

/** Which rtpengines cannot be reached, on purpose. */
type Cuts = Pick<Faults, 'isCut'>;

/** A media node that is an rtpengine. */
export function rtpengineNode(
  address: string,
  { clock, log, faults }: { clock: Clock; log: Logger; faults?: Cuts | undefined },
): MediaNode {
  const open = faults === undefined ? {} : { open: cuttable(address, faults) };
  const client = new NgClient({ address, clock, log, ...open });
  const ng = new NgCommands(client);
  const duration = histogram(commandDuration);

  /** Runs one command; a failure becomes the outcome `onFailure` makes of it. */
  const run = async <T extends { kind: string }, F extends { kind: string }>(
    command: string,
    work: () => Promise<T>,
    onFailure: (error: NgError) => F,
  ): Promise<T | F> => {
    const started = clock.monotonicMs();
    let outcome: T | F;
    try {
      outcome = await work();
    } catch (error) {
      if (!(error instanceof NgError)) throw error;
      outcome = onFailure(error);
      log.debug('node.command-failed', { node: address, command, outcome: outcome.kind, err: error });
    }
    duration.record((clock.monotonicMs() - started) / 1000, { command, outcome: outcome.kind });
    return outcome;
  };

  return {
    address,
    report: (timeoutMs) =>
      run('statistics', async () => ({ kind: 'report', ...(await ng.statistics(timeoutMs)) }) as const, silent),
    offer: (offer, timeoutMs) =>
      run('offer', async () => sdpReply(await ng.offer({ ...ngOffer(offer), timeoutMs })), verdict),
    answer: (answer, timeoutMs) =>
      run(
        'answer',
        async () => sdpReply(await ng.answer({ ...ngOffer(answer), toTag: answer.toLeg, timeoutMs })),
        verdict,
      ),
    query: (callId, timeoutMs) =>
      run(
        'query',
        async () => {
          const relayed = await ng.query(callId, timeoutMs);
          return relayed === undefined ? unknownCall : totalsOf(relayed);
        },
        silent,
      ),
    delete: (callId, timeoutMs) =>
      run(
        'delete',
        async () => ((await ng.delete(callId, timeoutMs)).found ? ({ kind: 'deleted' } as const) : unknownCall),
        silent,
      ),
    close: () => client.close(),
  };
}

function ngOffer({
  callId,
  fromLeg,
  toLeg,
  branch,
  networks,
  family,
  sdp,
  profile,
}: NodeOffer): Omit<NgOffer, 'timeoutMs'> {
  const tags = { fromTag: fromLeg, toTag: toLeg, viaBranch: branch };
  // The interfaces of a node are named after the networks they are in.
  const interfaces = networks === undefined ? undefined : ([networks.from, networks.to] as const);
  return { callId, ...tags, sdp, profile, interfaces, family, dtlsHash: dtlsHashOf(callId) };
}

const unknownCall = { kind: 'unknown-call' } as const;

function totalsOf({ totals, parties }: NgRelayed): CallTotals {
  const sides = parties.flatMap(({ tag, ...statistics }) => {
    const legId = LegId.safeParse(tag);
    return legId.success ? [{ legId: legId.data, statistics }] : [];
  });
  return { kind: 'totals', statistics: totals, sides };
}

function sdpReply(sdp: string): NodeReply {
  return { kind: 'sdp', sdp };
}

/** An answer that makes no sense is as good as none. */
function silent(): Silent {
  return { kind: 'silent' };
}

function verdict(error: NgError): NodeReply {
  if (error instanceof NgTooLargeError) return { kind: 'unusable', reason: error.message };
  if (!(error instanceof NgRefusedError)) return silent();
  switch (error.kind) {
    case 'sdp':
      return { kind: 'unusable', reason: error.reason };
    case 'unknown-call':
      return unknownCall;
    case 'full':
    case 'other':
      return { kind: 'refused', reason: error.reason };
  }
}

/** A way to a node on which nothing passes while it is cut. */
function cuttable(address: string, faults: Cuts): OpenNgSocket {
  const open = ngUdpSocket(address);
  return (events) => {
    const socket = open({
      ...events,
      received: (datagram) => {
        if (!faults.isCut(address)) events.received(datagram);
      },
    });
    return {
      send: (datagram) => {
        if (!faults.isCut(address)) socket.send(datagram);
      },
      close: () => socket.close(),
    };
  };
}
