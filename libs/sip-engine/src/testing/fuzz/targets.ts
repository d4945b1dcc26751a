import { parseMessage, serializeMessage, SipError, type SipMessage, StreamFramer } from '@callweave/sip';
import { parseCommand } from '../../control/commands.ts';
import { FrameReader, FramingError } from '../../control/framing.ts';
import { defectOf } from '../../core/check-request.ts';
import { noQuirks } from '../../core/quirks.ts';
import { type Chance } from './chance.ts';

/** What is thrown at one of them must end in a result or in an error of its own. Throws what it did wrong. */
export type Target = (bytes: Buffer, chance: Chance) => void;

/** A message can be read or not; whatever is in it is read or refused, and what is written of it reads the same. */
export function parser(bytes: Buffer): void {
  const message = attempt(() => parseMessage(bytes));
  if (message === undefined) return;
  readAll(message);
  const written = serializeMessage(message);
  if (message.problem === undefined && !serializeMessage(parseMessage(Buffer.from(written))).equals(written))
    throw new Error('what was written is read as something else');
  if (message.kind === 'request') defectOf(message, noQuirks);
}

/** A stream holds the same messages however it is cut. */
export function framer(bytes: Buffer, chance: Chance): void {
  const whole = unitsIn([bytes]);
  const cut = unitsIn(piecesOf(bytes, chance));
  if (JSON.stringify(whole) !== JSON.stringify(cut)) throw new Error('a stream that is cut holds something else');
}

/** The same of what applications send; what a frame wants is always understood, or known to be wrong. */
export function control(bytes: Buffer, chance: Chance): void {
  const whole = framesIn([bytes]);
  const cut = framesIn(piecesOf(bytes, chance));
  if (JSON.stringify(whole) !== JSON.stringify(cut)) throw new Error('frames that are cut hold something else');
}

function readAll(message: SipMessage): void {
  const readers: (() => unknown)[] = [
    ...[() => message.via, () => message.from, () => message.to, () => message.fromTag, () => message.toTag],
    ...[() => message.callId, () => message.cseq, () => message.contacts],
    ...['max-forwards', 'expires', 'retry-after', 'min-se'].map((name) => () => message.number(name)),
    ...['route', 'record-route', 'path'].map((name) => () => message.addresses(name)),
  ];
  if (message.kind === 'request') readers.push(() => message.requestUri);
  for (const reader of readers) attempt(reader);
}

function attempt<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    if (error instanceof SipError) return undefined;
    throw error;
  }
}

function unitsIn(pieces: readonly Buffer[]): string[] {
  const reader = new StreamFramer();
  const units: string[] = [];
  for (const piece of pieces) {
    reader.push(piece);
    for (let unit = reader.next(); unit !== undefined; unit = reader.next()) {
      units.push(unit.kind === 'message' ? serializeMessage(unit.message).toString('latin1') : unit.kind);
    }
  }
  return units;
}

function framesIn(pieces: readonly Buffer[]): string[] {
  const reader = new FrameReader();
  const frames: string[] = [];
  try {
    for (const piece of pieces) {
      reader.push(piece);
      for (let payload = reader.next(); payload !== undefined; payload = reader.next()) {
        frames.push(`${parseCommand(payload).kind} ${payload.toString('latin1')}`);
      }
    }
  } catch (error) {
    if (!(error instanceof FramingError)) throw error;
    frames.push('closed');
  }
  return frames;
}

function piecesOf(bytes: Buffer, chance: Chance): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = at + 1 + chance.int(chance.once(4) ? 3 : 200);
    // A copy: what a socket reads into is used again.
    pieces.push(Buffer.from(bytes.subarray(at, end)));
    at = end;
  }
  return pieces;
}
