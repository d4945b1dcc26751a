import { type Clock } from '@callweave/clock';
import { type LegId } from '@callweave/contracts';
import { type OutgoingEvents } from '@callweave/srf';
import { type EstablishedCalls } from '../call/established-calls.ts';
import { tagOfDialog } from '../leg/dialog.ts';
import { type SendRequest, unsent } from '../leg/leg.ts';
import { EdgeLostError } from '../remote-leg/errors.ts';
import { type Adopter } from './adopter.ts';

/** A BYE that nobody has answered by then may have gone to an edge that is gone: another one does no harm. */
const SILENT_MS = 2_000;

/** Sends in this dialog without the engine that has it; undefined when it is of no answered call. */
export type Alone = (dialogId: string) => SendRequest | undefined;

/** Sends in dialogs as `first` does, whose engine has them; when the edge behind that is gone, as `alone` does. */
export function outlive(first: SendRequest, alone: Alone, clock: Clock): SendRequest {
  return (request, events) => {
    const { dialogId } = request;
    if (dialogId === undefined) return first(request, events);
    // The call of a BYE is over before it is answered.
    const prepared = request.method === 'BYE' ? alone(dialogId) : undefined;
    let isOver = false;
    const once = (tell: () => void): void => {
      if (isOver) return;
      isOver = true;
      tell();
    };
    const told: OutgoingEvents = {
      ...events,
      responded: (response) => {
        if (response.status < 200) events.responded(response);
        else once(() => events.responded(response));
      },
      failed: (error) => once(() => events.failed(error)),
    };
    let isAlone = false;
    const goOn = (): void => {
      if (isOver || isAlone) return;
      isAlone = true;
      sent = (prepared ?? alone(dialogId) ?? unsentHere)(request, told);
    };
    let sent = first(request, {
      ...told,
      failed: (error) => {
        if (error instanceof EdgeLostError) goOn();
        else told.failed(error);
      },
    });
    if (request.method === 'BYE') clock.after(SILENT_MS, goOn);
    return { cancel: (headers) => sent.cancel(headers) };
  };
}

const unsentHere: SendRequest = (_request, events) => unsent(events);

/** Sends in the dialogs of answered calls by what is stored of them, and where their devices are now. */
export function standIns(calls: Pick<EstablishedCalls, 'ofLeg'>, adopter: () => Pick<Adopter, 'standIn'>): Alone {
  return (dialogId) => {
    const legId = tagOfDialog(dialogId) as LegId;
    const call = calls.ofLeg(legId);
    if (call === undefined) return undefined;
    const leg = adopter().standIn(call, call.parts.caller.legId === legId ? 'caller' : 'callee');
    return ({ method, headers = {}, body }, events) => leg.request({ method, headers, body }, events);
  };
}
