import { type IdSource } from './ids.ts';
import { type SipRequest, type SipResponse } from './message.ts';
import { parseMessage } from './parse-message.ts';

/** What a built request differs in from the usual one. */
export interface RequestFields {
  readonly method?: string;
  readonly uri?: string;
  readonly branch?: string;
  readonly transport?: string;
  readonly sentBy?: string;
  readonly fromTag?: string;
  readonly toTag?: string;
  readonly callId?: string;
  readonly cseq?: number;
  /** Header lines, each `Name: value`, put after the usual ones. */
  readonly headers?: readonly string[];
  readonly body?: string;
}

/** The text of a request as a phone sends it. */
export function requestText(fields: RequestFields = {}): string {
  const {
    method = 'OPTIONS',
    uri = 'sip:bob@example.com',
    branch = 'z9hG4bK1',
    callId = 'c1',
    cseq = 1,
    body = '',
  } = fields;
  const { transport = 'UDP', sentBy = '192.0.2.1:5060', fromTag = 'f1', toTag, headers = [] } = fields;
  return [
    `${method} ${uri} SIP/2.0`,
    `Via: SIP/2.0/${transport} ${sentBy};branch=${branch};rport`,
    'Max-Forwards: 70',
    `From: "Alice" <sip:alice@example.com>;tag=${fromTag}`,
    `To: <sip:bob@example.com>${toTag === undefined ? '' : `;tag=${toTag}`}`,
    `Call-ID: ${callId}`,
    `CSeq: ${cseq} ${method}`,
    ...headers,
    `Content-Length: ${Buffer.byteLength(body)}`,
    '',
    body,
  ].join('\r\n');
}

/** A request as a phone sends it. */
export function buildRequest(fields: RequestFields = {}): SipRequest {
  const message = parseMessage(Buffer.from(requestText(fields)));
  if (message.kind !== 'request') throw new TypeError('not a request');
  return message;
}

/** The answer of a simple phone to `request`. */
export function buildResponse(
  request: SipRequest,
  status: number,
  { toTag = 't1', reason = 'Test' } = {},
): SipResponse {
  const lines = ['Via', 'From', 'To', 'Call-ID', 'CSeq'].flatMap((name) =>
    request.headers.all(name).map((value) => {
      const tag = name === 'To' && status > 100 && !value.includes('tag=') ? `;tag=${toTag}` : '';
      return `${name}: ${value}${tag}`;
    }),
  );
  const text = [`SIP/2.0 ${status} ${reason}`, ...lines, 'Content-Length: 0', '', ''].join('\r\n');
  const message = parseMessage(Buffer.from(text, 'latin1'));
  if (message.kind !== 'response') throw new TypeError('not a response');
  return message;
}

/** Identifiers that count: `tag1`, `tag2`, … */
export function countingIds(): IdSource {
  let count = 0;
  const next = (prefix: string): string => `${prefix}${++count}`;
  return {
    branch: () => next('z9hG4bKb'),
    tag: () => next('tag'),
    callId: () => next('call'),
    uuid: () => next('uuid'),
    cseq: () => ++count,
  };
}

/** Messages that every parser must read, each alone; together they exercise the grammar's corners. */
export const corpus: readonly string[] = [
  requestText(),
  requestText({ method: 'MESSAGE', headers: ['Content-Type: text/plain'], body: 'grüße 😀' }),
  requestText({ uri: `sip:${'u'.repeat(8_192)}@example.com` }),
  [
    'INVITE sip:vivekg@chair-dnrc.example.com;unknownparam SIP/2.0',
    'TO :',
    ' sip:vivekg@chair-dnrc.example.com ;   tag    = 1918181833n',
    'from   : "J Rosenberg \\\\\\""       <sip:jdrosen@example.com>',
    '  ;',
    '  tag = 98asjd8',
    'MaX-fOrWaRdS: 0068',
    'Call-ID: wsinv.ndaksdj@192.0.2.1',
    'Content-Length   : 3',
    'cseq: 0009',
    '  INVITE',
    'Via  : SIP  /   2.0',
    ' /UDP',
    '    192.0.2.2;branch=390skdjuw',
    's :',
    'NewFangledHeader:   newfangled value',
    ' continued newfangled value',
    'Route:',
    ' <sip:services.example.com;lr;unknownwith=value;unknown-no-value>',
    'v:  SIP  / 2.0  / TCP     spindle.example.com   ;',
    '  branch  =   z9hG4bK9ikj8  ,',
    ' SIP  /    2.0   / UDP  192.168.255.111   ; branch=',
    ' z9hG4bK30239',
    'm:"Quoted string \\"\\"" <sip:jdrosen@example.com> ; newparam =',
    '      newvalue ;',
    '  secondparam ; q = 0.33',
    '',
    'abc',
  ].join('\r\n'),
  [
    'SIP/2.0 200 ',
    'v: SIP/2.0/TLS [2001:db8::1]:5061;branch=z9hG4bKx',
    'f: <sip:a@b>;tag=1',
    't: sip:c@d;tag=2',
    'i: x',
    'CSeq: 1 OPTIONS',
    'l: 0',
    '',
    '',
  ].join('\r\n'),
];
