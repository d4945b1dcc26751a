/** Where the engine means to say something else than was recorded. */
export type Meant = {
  /** Which row of `docs/drachtio-compatibility.md` has it. */
  readonly row: string;
  readonly why: string;
  /** What the recording, `=>`, and the engine say; either may say nothing. */
  readonly says: RegExp;
} & (
  | { readonly only: 'plain'; readonly staysSince?: undefined }
  | {
      readonly only?: undefined;
      /** Why `--compat drachtio` does not bring the original back. */
      readonly staysSince: string;
    }
);

const ONE_TAG: Meant = {
  row: 'To tags of the 200 to a CANCEL and the 487',
  why: 'all responses of ours to one call carry one To tag; the server made up one for each',
  says: /^SIP\/2\.0 487 [^]*=>\nSIP\/2\.0 487 /,
  only: 'plain',
};
const TAKEN_TO_ITS_TARGET: Meant = {
  row: 'ACK of a redirected INVITE through a proxy',
  why: 'the ACK of a failure goes where its INVITE went, RFC 3261 §17.1.1.3',
  says: /^ACK sip:127\.x\.x\.12:5080 [^]*=>\nACK sip:bob@/,
  only: 'plain',
};
const COUNTED: Meant = {
  row: 'Max-Forwards of in-dialog requests through Record-Route',
  why: 'Max-Forwards counts every hop, also within a dialog, RFC 3261 §16.6',
  says: /^(ACK|BYE|INFO) [^]*=>\n\1 [^]*Max-Forwards: 69/,
  only: 'plain',
};
const NO_LONGER_AWAITED: Meant = {
  row: 'The application goes with a request unanswered',
  why: 'who asks is told at once when the application has gone',
  says: /^=>\nSIP\/2\.0 503 [^]*CSeq: 1 (?:INVITE|OPTIONS)/,
  only: 'plain',
};
const WITH_TRANSPORT: Meant = {
  row: 'From and To that the engine writes',
  why: 'From and To name no transport, RFC 3261 §19.1.1',
  says: /OPTIONS sip:[^]*From: <sip:127.x.x.1:5080;transport=ws>[^]*=>[^]*To: <sip:alice@abc.invalid/,
  only: 'plain',
};
const OWN_ID: Meant = {
  row: 'UPDATE before the call is answered',
  why: 'an early UPDATE has a transaction id of its own, where the server showed that of the INVITE',
  only: 'plain',
  says: /UPDATE sip:[^]*=>[^]*UPDATE sip:/,
};

const TRYING_LATE = {
  row: 'A request other than INVITE that takes long',
  why: 'who asks for something that takes long is told that it has come, RFC 4320 §4.1',
  says: /^SIP\/2\.0 500 [^]*=>\nSIP\/2\.0 100 [^]*CSeq: \d+ (?:BYE|NOTIFY)/,
  only: 'plain',
} as const;

/** By recording, what is different and why. A recording that is not here is repeated to the letter. */
export const meantDeviations: Readonly<Record<string, readonly Meant[]>> = {
  'bye-app-never-answers': [
    TRYING_LATE,
    {
      row: 'The application goes with a request unanswered',
      why: 'and so it is still waited for when the application goes',
      says: /^=>\nSIP\/2\.0 503 /,
      only: 'plain',
    },
  ],
  'client-disconnect-mid-call': [
    NO_LONGER_AWAITED,
    {
      row: 'The application goes while its call rings',
      why: 'what rings for it is cancelled',
      only: 'plain',
      says: /^=>\nCANCEL /,
    },
    {
      row: 'The application goes while its call rings',
      why: 'and what is answered all the same is hung up',
      only: 'plain',
      says: /^=>\n(?:ACK|BYE) /,
    },
  ],
  'headers-filled-and-refused': [
    {
      row: 'A Date of an application that cannot be read',
      why: 'one header that cannot be read does not take others with it',
      only: 'plain',
      says: /=>[^]*Date: x[^]*Session-Expires/,
    },
  ],
  'malformed-requests': [
    {
      row: 'A Request-URI of a scheme that nobody knows',
      why: 'what is neither sip, sips, tel, urn, im nor pres cannot be called, RFC 3261 §8.2.2.1',
      says: /OPTIONS http:[^]*=>\n$|=>\nSIP\/2\.0 416 |\|NOK\|Response not sent due to unknown transaction$/,
      only: 'plain',
    },
    {
      row: 'REFER and unknown methods outside a dialog',
      why: 'an unknown method is answered',
      says: /^=>\nSIP\/2\.0 501 [^]*Allow: /,
      only: 'plain',
    },
    {
      row: '`rport` in a 505',
      why: 'rport is filled in in every answer',
      only: 'plain',
      says: /^SIP\/2\.0 505 [^]*;rport\n[^]*=>\nSIP\/2\.0 505 [^]*;rport=5070/,
    },
  ],
  'ood-options-register-message': [
    {
      row: 'A request that nobody takes',
      why: 'an INVITE that nobody takes is refused without a 100 before',
      says: /^SIP\/2\.0 100 [^]*=>\nSIP\/2\.0 503 /,
      only: 'plain',
    },
    {
      row: 'A request that nobody takes',
      why: 'so the 503 is not said again',
      says: /^SIP\/2\.0 503 [^]*=>\n$/,
      only: 'plain',
    },
    {
      row: 'REFER and unknown methods outside a dialog',
      why: 'REFER outside a dialog is answered',
      says: /^=>\nSIP\/2\.0 481 [^]*CSeq: 1 REFER/,
      only: 'plain',
    },
  ],
  'outbound-mode': [COUNTED],
  'overlapping-transactions': [
    {
      row: 'In a dialog, a CSeq lower than the last',
      why: 'a request overtaken by a later one is answered 500, RFC 3261 §12.2.2',
      says: /INFO sip:[^]*=>\n$/,
      only: 'plain',
    },
  ],
  'proxy-cancel': [
    ONE_TAG,
    {
      row: 'CANCEL of a proxied INVITE',
      why: 'the caller waits for what the target makes of the CANCEL, which the recording says too late',
      says: /^ACK [^]*=>\n$/,
      only: 'plain',
    },
    {
      row: 'CANCEL of a proxied INVITE',
      why: 'so it is not told either',
      says: /\|OK\|(?:done|network)[^]*=>/,
      only: 'plain',
    },
  ],
  'proxy-follow-redirect': [TAKEN_TO_ITS_TARGET, COUNTED],
  'proxy-fork-simultaneous': [COUNTED],
  'proxy-no-answer': [ONE_TAG],
  'proxy-single-rr': [COUNTED],
  'raw-protocol-errors': [
    {
      row: '`ping` before `authenticate`',
      why: 'not even a ping is answered before authentication',
      says: /\|r1\|OK[^]*\|NO\|not authenticated/,
      only: 'plain',
    },
    {
      row: 'Other commands before `authenticate`',
      why: 'commands before authentication are refused',
      staysSince: 'anybody could make calls',
      says: /\|r4\|OK[^]*\|NO\|not authenticated/,
    },
  ],
  'reinvite-bye-race': [
    {
      row: 'BYE while a re-INVITE is unanswered',
      why: 'a BYE ends the re-INVITE too, RFC 3261 §15.1.2: it is not cancelled first',
      says: /^CANCEL [^]*=>\n$/,
      only: 'plain',
    },
    {
      row: 'BYE while a re-INVITE is unanswered',
      why: 'and its 487 is told',
      says: /^=>\nID\|sip\|[^]*\nSIP\/2\.0 487 /,
      only: 'plain',
    },
  ],
  'reinvite-from-network': [
    {
      row: 'Failures of re-INVITE and re-SUBSCRIBE',
      why: 'a failure needs no Contact',
      says: /488 [^]*Contact: [^]*=>[^]*488 /,
      only: 'plain',
    },
    {
      row: 'The ACK of a re-INVITE',
      why: 'the ACK of a re-INVITE has the id of the re-INVITE',
      only: 'plain',
      says: /\nACK sip:[^]*=>[^]*\nACK sip:/,
    },
  ],
  'reinvite-provisional-then-200': [
    {
      row: '2xx to a re-INVITE after a provisional response',
      why: 'a 2xx after a provisional response is told',
      only: 'plain',
      says: /^=>\nID\|sip\|network[^]*\nSIP\/2\.0 200 [^]*CSeq: 2 INVITE/,
    },
  ],
  'remove-route-drops-all': [
    {
      row: '`remove_route`',
      why: 'remove_route forgets that verb and no other',
      says: /^=>\nID\|sip\|network[^]*\nINVITE sip:/,
      only: 'plain',
    },
    {
      row: '`remove_route`',
      why: 'so the INVITE is the silent application’s',
      says: /^SIP\/2\.0 503 [^]*=>\nSIP\/2\.0 500 /,
      only: 'plain',
    },
  ],
  'subscribe-notify-uac': [
    TRYING_LATE,
    {
      row: 'A request other than INVITE that takes long',
      why: 'after which the recorded answer still comes in time',
      says: /\|NOK\|[^]*=>[^]*\|OK\||^=>\nSIP\/2\.0 200 /,
      only: 'plain',
    },
  ],
  'two-clients-round-robin': [
    {
      row: 'A verb routed twice by one application',
      why: 'applications take strict turns',
      only: 'plain',
      says: /CSeq: (?:1|N) OPTIONS/,
    },
    {
      row: 'A verb routed twice by one application',
      why: 'and the next one is not the one recorded',
      only: 'plain',
      says: /\|OK\|application[^]*=>[^]*\|NOK\|/,
    },
  ],
  'transport-ws': [WITH_TRANSPORT],
  'uac-early-update-and-info': [
    OWN_ID,
    {
      row: 'UPDATE before the call is answered',
      why: 'so the recorded answer to it finds nobody',
      only: 'plain',
      says: /CSeq: 101 UPDATE/,
    },
    {
      row: 'INFO before the call is answered',
      why: 'INFO within an early dialog is offered within it',
      only: 'plain',
      says: /CSeq: (?:N|102) INFO/,
    },
  ],
  'uac-errors': [
    {
      row: '`sips:` or another transport that is not there',
      why: 'a transport that is not there is refused before anything is made of the request',
      only: 'plain',
      says: /INVITE sips:[^]*=>[^]*\|NOK\|/,
    },
    {
      row: '`sips:` or another transport that is not there',
      why: 'so there is no response to it',
      only: 'plain',
      says: /416 Unsupported URI Scheme[^]*=>\n$/,
    },
  ],
  'uac-forked-200s': [
    {
      row: '2xx of a second branch of a fork',
      why: 'the second phone that answers has an ACK of its own',
      only: 'plain',
      says: /ACK sip:bob@[^]*=>[^]*ACK sip:bob@/,
    },
    {
      row: '2xx of a second branch of a fork',
      why: 'and a BYE, which the recording does not answer',
      only: 'plain',
      says: /BYE sip:bob@|200 OK[^]*BYE[^]*=>[^]*408 /,
    },
  ],
  'uas-app-never-answers': [
    {
      row: 'The application is silent about an INVITE',
      why: 'the caller is told after 64 s',
      only: 'plain',
      says: /^=>\nSIP\/2\.0 500 /,
    },
  ],
  'uas-caller-cancel-before-response': [ONE_TAG],
  'uas-early-update': [
    OWN_ID,
    {
      row: 'The answer to an UPDATE before the call is answered',
      why: 'its answer has a Content-Type, and its dialog',
      only: 'plain',
      says: /CSeq: 2 UPDATE[^]*=>[^]*Content-Type: application\/sdp/,
    },
    {
      row: 'INFO before the call is answered',
      why: 'INFO within an early dialog is offered within it, and answered',
      only: 'plain',
      says: /CSeq: (?:N|3) INFO/,
    },
  ],
  'uas-invite-replaces-merged': [
    {
      row: 'The same request by two ways',
      why: 'a copy that came another way is answered 482, RFC 3261 §8.2.2.2',
      says: /=>\nSIP\/2\.0 482 /,
      only: 'plain',
    },
    {
      row: 'The same request by two ways',
      why: 'and what the recording says of it is not said',
      says: /./,
      only: 'plain',
    },
  ],
  'uas-loose-route-set': [
    {
      row: 'A 100',
      why: 'a 100 needs no Record-Route',
      says: /^SIP\/2\.0 100 [^]*Record-Route[^]*=>\nSIP\/2\.0 100 /,
      only: 'plain',
    },
  ],
  'uas-prack-never': [
    {
      row: 'A reliable 1xx that is never acknowledged',
      why: 'the recorded server crashed here, the application connected again and again, and nobody was answered',
      staysSince: 'a crash',
      says: /^=>\n(?:[^]*\|OK\|udp|SIP\/2\.0 503 )/,
    },
  ],
  'unknown-dialog': [
    {
      row: 'REFER and unknown methods outside a dialog',
      why: 'REFER of an unknown dialog is answered',
      says: /^=>\nSIP\/2\.0 481 [^]*CSeq: 1 REFER/,
      only: 'plain',
    },
    {
      row: 'A request of a dialog that is not known',
      why: 'an unknown dialog needs no 100',
      says: /^SIP\/2\.0 100 [^]*=>\nSIP\/2\.0 481 /,
      only: 'plain',
    },
    {
      row: 'A request of a dialog that is not known',
      why: 'so the 481 is not said again',
      says: /^SIP\/2\.0 481 [^]*CSeq: 1 INVITE[^]*=>\n$/,
      only: 'plain',
    },
  ],
};
