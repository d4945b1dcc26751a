import { SAMPLE_RATE } from '../media/frame.ts';
import { type Channel } from './channel.ts';

/** The headers that say which call an event is about and how it stands. */
export function* callHeaders({ uuid, name, cause, isOver, stream }: Channel): Generator<readonly [string, string]> {
  yield ['Channel-State', isOver ? 'CS_HANGUP' : 'CS_EXECUTE'];
  yield ['Channel-Call-State', isOver ? 'HANGUP' : 'ACTIVE'];
  yield ['Channel-State-Number', isOver ? '10' : '4'];
  yield ['Channel-Name', name];
  yield ['Unique-ID', uuid];
  yield ['Call-Direction', 'inbound'];
  yield ['Channel-Call-UUID', uuid];
  yield ['Answer-State', isOver ? 'hangup' : 'answered'];
  if (cause !== undefined) yield ['Hangup-Cause', cause.name];
  const codec = stream.agreed?.codec.name;
  if (codec === undefined) return;
  for (const direction of ['Read', 'Write']) {
    yield [`Channel-${direction}-Codec-Name`, codec];
    yield [`Channel-${direction}-Codec-Rate`, String(SAMPLE_RATE)];
  }
}

/** Everything that is known of a call, as a client is told when it takes the call over. */
export function* channelData(channel: Channel): Generator<readonly [string, string]> {
  yield ['Channel-Unique-ID', channel.uuid];
  yield ['Channel-Direction', 'inbound'];
  yield ['Channel-Destination-Number', 'drachtio'];
  yield* callHeaders(channel);
  yield* channel.variables.headers();
}
