import { createHash } from 'node:crypto';
import { type Publisher } from '@callweave/bus';
import { bindingAdded, bindingRefreshed, bindingRemoved, type LocationRecord } from '@callweave/contracts';
import { type Told } from './gone-binding.ts';

/** Tells what happened to bindings; the same change has the same id, whichever replica tells it. */
export function tellChanges(publisher: Publisher, record: LocationRecord, changes: readonly Told[]): void {
  for (const change of changes) {
    if (change.kind === 'live') tellLive(publisher, record, change.binding);
    else tellGone(publisher, record, change.gone);
  }
}

type Live = Extract<Told, { kind: 'live' }>['binding'];
type Gone = Extract<Told, { kind: 'gone' }>['gone'];

function tellLive(publisher: Publisher, { tenant, user, aor, epoch }: LocationRecord, binding: Live): void {
  const { contact, edge, sequence, expiresAt, userAgent } = binding;
  publisher.tell({
    type: binding.told === 'added' ? bindingAdded : bindingRefreshed,
    tokens: { tenant, user },
    id: eventId([tenant, user, contact, binding.callId, binding.cseq, expiresAt]),
    data: { tenant, user, aor, contact, edge, sequence, expiresAt, userAgent },
    context: { tenant, owner: edge, epoch, sequence },
  });
}

function tellGone(publisher: Publisher, { tenant, user, aor, epoch }: LocationRecord, gone: Gone): void {
  const { contact, edge, sequence, reason, callId, cseq, until } = gone;
  publisher.tell({
    type: bindingRemoved,
    tokens: { tenant, user },
    id: eventId([tenant, user, contact, callId, cseq, 'removed', reason, until]),
    data: { tenant, user, aor, contact, edge, sequence, reason },
    context: { tenant, owner: edge, epoch, sequence },
  });
}

function eventId(parts: readonly (string | number)[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url');
}
