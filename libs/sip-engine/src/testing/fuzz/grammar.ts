import { type Chance } from './chance.ts';

const METHODS = [
  'INVITE',
  'ACK',
  'BYE',
  'CANCEL',
  'OPTIONS',
  'REGISTER',
  'SUBSCRIBE',
  'NOTIFY',
  'PRACK',
  'x-!%*',
] as const;
const HOSTS = [
  '127.0.0.1',
  'a.invalid',
  '[::1]',
  '[::ffff:127.0.0.1]',
  'x',
  '1.2.3.4.5',
  '[:::]',
  '-',
  'a..b',
] as const;
const BLANKS = ['', '', '', ' ', '  ', '\t', '\r\n ', ' \r\n\t'] as const;
const TOKENS = [
  'z9hG4bK',
  'branch',
  'tag',
  'lr',
  'rport',
  'received',
  'q',
  '*',
  '%00',
  "'~`",
  '0',
  '99999999999',
] as const;
const NAMES = [
  'Via',
  'v',
  'From',
  'f',
  'To',
  't',
  'Call-ID',
  'i',
  'CSeq',
  'Contact',
  'm',
  'Route',
  'Record-Route',
] as const;
const OTHERS = [
  'Max-Forwards',
  'Expires',
  'Require',
  'Session-Expires',
  'RAck',
  'Authorization',
  'X-Y',
  'Path',
  'Date',
] as const;

/** A message by the grammar of RFC 3261 §25, stretched here and there, and most often almost right. */
export function sipMessage(chance: Chance): Buffer {
  const method = chance.pick(METHODS);
  const first = chance.once(6)
    ? `SIP/2.0 ${chance.pick(['100', '180', '200', '404', '699', '99', '2000'])} ${token(chance)}`
    : `${method} ${uri(chance)} SIP/${chance.pick(['2.0', '2.0', '2.0', '2.0', '7.0', '2'])}`;
  const body = chance.once(3) ? token(chance).repeat(chance.int(30)) : '';
  const usual = [
    `Via: ${via(chance)}`,
    `From: ${address(chance)};tag=${token(chance)}`,
    `To: ${address(chance)}`,
    `Call-ID: ${token(chance)}${chance.int(1_000_000)}`,
    `CSeq: ${chance.int(100)} ${method}`,
    'Max-Forwards: 70',
  ].filter(() => !chance.once(40));
  const more = Array.from({ length: chance.int(6) }, () => header(chance));
  const length = chance.once(10) ? chance.pick(['-1', '', '0', '5', '99999', 'x', '1, 2']) : String(body.length);
  const lines = [first, ...usual, ...more, ...(chance.once(10) ? [] : [`Content-Length: ${length}`]), '', body];
  return Buffer.from(lines.join('\r\n'), 'latin1');
}

function header(chance: Chance): string {
  const name = chance.once(2) ? chance.pick(NAMES) : chance.pick(OTHERS);
  const values = [address, via, token, uri, params] as const;
  return `${name}${chance.pick(BLANKS)}:${chance.pick(BLANKS)}${chance.many(3, () => chance.pick(values)(chance), ',')}`;
}

function via(chance: Chance): string {
  const transport = chance.pick(['UDP', 'UDP', 'TCP', 'TLS', 'WS', 'SCTP', 'x']);
  const blank = chance.pick(BLANKS);
  return `SIP${blank}/${blank}2.0/${transport} ${chance.pick(HOSTS)}${port(chance)};branch=z9hG4bK${chance.int(1_000_000)}${params(chance)}`;
}

function address(chance: Chance): string {
  const shown = chance.pick(['', '', 'Alice ', '"A \\" b" ', '"', '\u00d0\u00b0 ', '"\\\0" ']);
  return chance.once(4) ? uri(chance) : `${shown}<${uri(chance)}>${params(chance)}`;
}

function uri(chance: Chance): string {
  const scheme = chance.pick(['sip', 'sip', 'sip', 'sips', 'tel', 'urn', 'x', '']);
  const user = chance.pick(['', 'bob@', 'bob:secret@', '%41@', 'a@b@', ';a=b@', '@']);
  const headers = chance.once(8) ? `?${token(chance)}=${token(chance)}` : '';
  return `${scheme}:${user}${chance.pick(HOSTS)}${port(chance)}${params(chance)}${headers}`;
}

function port(chance: Chance): string {
  return chance.pick(['', '', '', ':5060', ':0', ':65536', ':', ':x']);
}

function params(chance: Chance): string {
  const value = (): string => chance.pick(['', `=${token(chance)}`, '="q;\\",<>"', '="', '=[::1]']);
  return chance.many(3, () => `${chance.pick(BLANKS)};${token(chance)}${value()}`);
}

function token(chance: Chance): string {
  return chance.pick(TOKENS);
}
