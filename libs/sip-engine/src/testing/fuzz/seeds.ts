const CALL = [
  'INVITE sip:bob@example.com;user=phone SIP/2.0',
  'Via: SIP/2.0/UDP 127.0.0.1:5062;branch=z9hG4bK-1-0;rport, SIP/2.0/TCP [::1];branch=z9hG4bKx;received=192.0.2.1',
  'Record-Route: <sip:127.0.0.1;lr>',
  'v: SIP / 2.0 / WS a.invalid ; branch = z9hG4bKy',
  'Max-Forwards: 70',
  'From: "A \\"l\\" ice" <sip:alice:pw@example.com:5060;transport=tcp?Subject=x>;tag=f1',
  'To: Bob\r\n  <sip:bob@example.com>',
  'Call-ID: c1@127.0.0.1',
  'CSeq: 1 INVITE',
  'm: <sip:alice@127.0.0.1:5062>;q=0.5;expires=60',
  'Session-Expires: 1800;refresher=uac',
  'Content-Type: application/sdp',
  'l: 5',
  '',
  'v=0\r\n',
];

const ANSWER = ['SIP/2.0 200 OK', ...CALL.slice(1, 11), 'Content-Length: 0', '', ''];

const KEEP_ALIVES = `\r\n\r\n${CALL.join('\r\n')}\r\n\r\n\r\n${ANSWER.join('\r\n')}`;

const FRAMES = [
  'a|authenticate|secret|tag,other',
  'b|ping',
  'c|route|invite',
  'd|remove_route|invite',
  `e|sip|txn|\r\n${ANSWER.join('\r\n')}`,
  `f|sip||dialog|sip:127.0.0.1\r\n${CALL.join('\r\n')}`,
  'g|proxy|txn|remainInDialog|fullResponse|followRedirects|simultaneous|2s|30s|sip:a@b|sip:c@d\r\nX: y\r\n\r\n',
];

const UPGRADE = [
  'GET /path?x=y HTTP/1.1',
  'Host: 127.0.0.1',
  'Upgrade: websocket',
  'Connection: keep-alive, Upgrade',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Protocol: sip, other',
  'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=15',
  'Origin: https://phone.example.com',
  '',
  '',
];

/** A frame of a websocket client, RFC 6455 §5.2: text in one piece, masked with zeros. */
function textFrame(text: string): string {
  const length = Buffer.byteLength(text);
  return `\x81\xfe${String.fromCharCode(length >> 8, length & 255)}\0\0\0\0${text}`;
}

const latin = (texts: readonly string[]): [Buffer, ...Buffer[]] => {
  const [first = '', ...others] = texts;
  return [Buffer.from(first, 'latin1'), ...others.map((text) => Buffer.from(text, 'latin1'))];
};

/** What mutations begin with. */
export const seeds = {
  sip: latin([CALL.join('\r\n'), ANSWER.join('\r\n'), KEEP_ALIVES]),
  control: latin([...FRAMES, FRAMES.join('')].map((text) => `${text.length}#${text}`)),
  upgrade: latin([
    UPGRADE.join('\r\n') + textFrame(CALL.join('\r\n')),
    `${UPGRADE.join('\r\n')}\x89\x80\0\0\0\0\x88\x82\0\0\0\0\x03\xe8`,
  ]),
};
