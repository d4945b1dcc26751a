import { type SeenMessage } from '../../support/phone-ladder.ts';
import { type Row } from './row.ts';

const TALKS = `
  → INVITE sendrecv challenged
  ← 200 INVITE sendrecv
  → ACK`;
const ANSWERS = `
  ← INVITE sendrecv
  → 200 INVITE sendrecv
  ← ACK`;
const LEAVE = `
  → BYE
  ← 200 BYE`;
const END = `
  ← BYE
  → 200 BYE`;
/** What a phone sees that is sent on to another. */
const SENT_ON = `
  ← INVITE sendrecv
  → 200 INVITE sendrecv
  ← ACK
  ← INVITE sendrecv
  → 200 INVITE sendrecv
  ← ACK${END}`;

/** The dialog that a phone has with the edge, as it is named to the edge; undefined until it stands. RFC 3891 §6.1 */
function dialogOf(seen: readonly SeenMessage[], isCaller: boolean): string | undefined {
  const answer = seen.find(({ method, status }) => method === 'INVITE' && status === 200);
  if (answer === undefined || !seen.some(({ method }) => method === 'ACK')) return undefined;
  const { callId, fromTag, toTag } = answer;
  const [ours, theirs] = isCaller ? [toTag, fromTag] : [fromTag, toTag];
  return `${callId};to-tag=${ours};from-tag=${theirs}`;
}

/** Who is sent on to whom. */
export const transferRows: readonly Row[] = [
  {
    feature: 'the caller sends the callee on to a third phone, and is told how that goes',
    rfc: 'RFC 3515, RFC 5589 §6',
    phones: {
      carol: `
        ← INVITE sendrecv
        → 180 INVITE
        · 200 ms
        → 200 INVITE sendrecv
        ← ACK
        · 500 ms${LEAVE}`,
      bob: SENT_ON,
      alice: `${TALKS}
        · 200 ms
        → REFER | Refer-To: <sip:{carol}@{edge}>
        ← 202 REFER
        ← NOTIFY "SIP/2.0 100 Trying" | Subscription-State: active*
        → 200 NOTIFY
        ← NOTIFY "SIP/2.0 180 Ringing" | Subscription-State: active*
        → 200 NOTIFY
        ← NOTIFY "SIP/2.0 200 OK" | Subscription-State: terminated*
        → 200 NOTIFY${END}`,
    },
  },
  {
    feature: 'a transfer to nobody leaves the call as it was',
    rfc: 'RFC 3515 §2.4.5',
    phones: {
      bob: `${ANSWERS}${END}`,
      alice: `${TALKS}
        · 200 ms
        → REFER | Refer-To: <sip:nobody-at-all@{edge}>
        ← 202 REFER
        ← NOTIFY "SIP/2.0 100 Trying" | Subscription-State: active*
        → 200 NOTIFY
        ← NOTIFY "SIP/2.0 404 Not Found" | Subscription-State: terminated*
        → 200 NOTIFY${LEAVE}`,
    },
  },
  {
    feature: 'the callee sends the caller on to a third phone',
    rfc: 'RFC 3515, RFC 5589 §6',
    phones: {
      carol: `
        ← INVITE sendrecv
        → 200 INVITE sendrecv
        ← ACK
        · 500 ms${LEAVE}`,
      bob: `${ANSWERS}
        · 300 ms
        → REFER | Refer-To: <sip:{carol}@{edge}>
        ← 202 REFER
        ← NOTIFY "SIP/2.0 100 Trying" | Subscription-State: active*
        → 200 NOTIFY
        ← NOTIFY "SIP/2.0 200 OK" | Subscription-State: terminated*
        → 200 NOTIFY${END}`,
      alice: `
        → INVITE sendrecv challenged
        ← 200 INVITE sendrecv
        → ACK
        ← INVITE sendrecv
        → 200 INVITE sendrecv
        ← ACK${END}`,
    },
  },
  {
    feature: 'who talks to two phones joins them',
    rfc: 'RFC 3515, RFC 3891, RFC 5589 §7',
    phones: {
      carol: `${ANSWERS}
        ← INVITE sendrecv
        → 200 INVITE sendrecv
        ← ACK
        · 500 ms${LEAVE}`,
      bob: SENT_ON,
      'alice-second': {
        calls: 'sip:{carol}@{edge}',
        ladder: `${TALKS}${END}`,
      },
      alice: {
        after: (seen) => {
          const dialog = dialogOf(seen('alice-second'), true);
          return dialog === undefined ? undefined : { dialog: encodeURIComponent(dialog) };
        },
        ladder: `${TALKS}
          · 200 ms
          → REFER | Refer-To: <sip:{carol}@{edge}?Replaces={dialog}>
          ← 202 REFER
          ← NOTIFY "SIP/2.0 100 Trying" | Subscription-State: active*
          → 200 NOTIFY
          ← NOTIFY "SIP/2.0 200 OK" | Subscription-State: terminated*
          → 200 NOTIFY${END}`,
      },
    },
  },
  {
    feature: 'a phone takes the place of another in its call',
    rfc: 'RFC 3891',
    phones: {
      bob: `${ANSWERS}${END}`,
      alice: `${TALKS}
        ← INVITE sendrecv
        → 200 INVITE sendrecv
        ← ACK${END}`,
      dave: {
        after: (seen) => {
          const dialog = dialogOf(seen('bob'), false);
          return dialog === undefined ? undefined : { dialog };
        },
        ladder: `
          → INVITE sendrecv challenged | Replaces: {dialog}
          ← 200 INVITE sendrecv
          → ACK
          · 300 ms${LEAVE}`,
      },
    },
  },
  {
    feature: 'nobody takes the place of another in a call that does not exist',
    rfc: 'RFC 3891 §3',
    oneEdge: 'it gets to no phone',
    phones: {
      dave: `
        → INVITE sendrecv challenged | Replaces: no-such-call;to-tag=1;from-tag=2
        ← 481 INVITE
        → ACK`,
    },
  },
];
