import { type Row } from './row.ts';

const LEAVE = `
  → BYE
  ← 200 BYE`;
const END = `
  ← BYE
  → 200 BYE`;

/** Texts, watching, who is who. */
export const serviceRows: readonly Row[] = [
  {
    feature: 'a text',
    rfc: 'RFC 3428',
    phones: {
      bob: `
        ← MESSAGE "The soup is ready."
        → 200 MESSAGE`,
      alice: `
        → MESSAGE "The soup is ready." challenged
        ← 200 MESSAGE`,
    },
  },
  {
    feature: 'a text to nobody',
    rfc: 'RFC 3428 §7',
    oneEdge: 'it gets to no phone',
    phones: {
      alice: {
        calls: 'sip:nobody-at-all@{edge}',
        ladder: `
          → MESSAGE "Is anybody there?" challenged
          ← 404 MESSAGE`,
      },
    },
  },
  {
    feature: 'one user watches another: subscription, refresh, end, and every NOTIFY',
    rfc: 'RFC 6665',
    notByDrachtio: 'it answers 500 to the NOTIFY that ends a subscription before an application can',
    phones: {
      bob: `
        ← SUBSCRIBE | Expires: 600
        → 200 SUBSCRIBE | Expires: 300
        · 200 ms
        → NOTIFY "<basic>open</basic>" | Event: presence | Subscription-State: active;expires=300
        ← 200 NOTIFY
        ← SUBSCRIBE | Expires: 600
        → 200 SUBSCRIBE | Expires: 300
        · 200 ms
        → NOTIFY "<basic>closed</basic>" | Event: presence | Subscription-State: active;expires=300
        ← 200 NOTIFY
        ← SUBSCRIBE | Expires: 0
        → 200 SUBSCRIBE | Expires: 0
        · 200 ms
        → NOTIFY "<basic>closed</basic>" | Event: presence | Subscription-State: terminated;reason=timeout
        ← 200 NOTIFY`,
      alice: `
        → SUBSCRIBE challenged | Event: presence | Expires: 600
        ← 200 SUBSCRIBE | Expires: 300
        ← NOTIFY "<basic>open</basic>" | Subscription-State: active*
        → 200 NOTIFY
        · 200 ms
        → SUBSCRIBE | Event: presence | Expires: 600
        ← 200 SUBSCRIBE | Expires: 300
        ← NOTIFY "<basic>closed</basic>" | Subscription-State: active*
        → 200 NOTIFY
        · 200 ms
        → SUBSCRIBE | Event: presence | Expires: 0
        ← 200 SUBSCRIBE | Expires: 0
        ← NOTIFY "<basic>closed</basic>" | Subscription-State: terminated*
        → 200 NOTIFY`,
    },
  },
  {
    feature: 'nobody can watch who is not there',
    rfc: 'RFC 6665 §3.1.1',
    oneEdge: 'it gets to no phone',
    phones: {
      alice: {
        calls: 'sip:nobody-at-all@{edge}',
        ladder: `
          → SUBSCRIBE challenged | Event: presence | Expires: 600
          ← 404 SUBSCRIBE`,
      },
    },
  },
  {
    feature: 'the callee learns who has proved to be calling, not whom the caller names',
    rfc: 'RFC 3325 §5',
    phones: {
      bob: `
        ← INVITE sendrecv | P-Asserted-Identity: *<sip:{alice}@*>
        → 200 INVITE sendrecv
        ← ACK${END}`,
      alice: `
        → INVITE sendrecv challenged | P-Asserted-Identity: "The boss" <sip:boss@example.org>
        ← 200 INVITE sendrecv
        → ACK
        · 200 ms${LEAVE}`,
    },
  },
  {
    feature: 'a caller who withholds who he is is nobody to the callee',
    rfc: 'RFC 3323 §4.1, RFC 3325 §7',
    phones: {
      bob: `
        ← INVITE sendrecv | From: *<sip:anonymous@anonymous.invalid>
        → 200 INVITE sendrecv
        ← ACK | From: *<sip:anonymous@anonymous.invalid>
        ← BYE | From: *<sip:anonymous@anonymous.invalid>
        → 200 BYE`,
      alice: `
        → INVITE sendrecv challenged | From: "Anonymous" <sip:anonymous@anonymous.invalid> | Privacy: id | P-Preferred-Identity: <sip:{alice}@{edge}>
        ← 200 INVITE sendrecv
        → ACK | From: "Anonymous" <sip:anonymous@anonymous.invalid>
        · 200 ms
        → BYE | From: "Anonymous" <sip:anonymous@anonymous.invalid>
        ← 200 BYE`,
    },
  },
  {
    feature: 'a request in a dialog that does not exist',
    rfc: 'RFC 3261 §12.2.2',
    oneEdge: 'it gets to no phone',
    phones: {
      alice: `
        → BYE
        ← 481 BYE`,
    },
  },
];
