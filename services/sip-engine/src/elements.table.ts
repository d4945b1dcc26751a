import { allSettings, type SettingName } from './settings.table.ts';

/** What an element or attribute of drachtio.conf.xml does. */
export type Element =
  | { readonly kind: 'setting'; readonly name: SettingName }
  /** Holds others. */
  | { readonly kind: 'group' }
  /** One of a list, or part of one. */
  | { readonly kind: 'list'; readonly does: string }
  | { readonly kind: 'ignored'; readonly because: string };

const group: Element = { kind: 'group' };
const list = (does: string): Element => ({ kind: 'list', does });
const ignored = (because: string): Element => ({ kind: 'ignored', because });

/** What is no setting with a single value. */
const structure: readonly (readonly [string, Element])[] = [
  ['admin@tls', ignored('give tls-port instead')],
  ['logging', group],
  ['logging/file', group],
  ['logging/syslog', group],
  ['monitoring', group],
  ['monitoring/prometheus@port', list('port of its address')],
  ['request-handlers', group],
  ['request-handlers/request-handler', list('URL as `--http-handler`, which counts instead of all of them')],
  ['request-handlers/request-handler@http-method', list('`GET` (default) or `POST`')],
  ['request-handlers/request-handler@sip-method', list('for which method it is; `*` (default) for all others')],
  ['request-handlers/request-handler@verify-peer', ignored('certificates of handlers are always verified')],
  ['sip', group],
  ['sip/blacklist', group],
  ['sip/contact', list('the only contact, as `--contact`')],
  ['sip/contacts', group],
  ['sip/contacts/contact', list('as `--contact`; a `--contact` on the command line replaces all of them')],
  ['sip/contacts/contact@dns-names', list('as `--dns-name`, several separated by commas')],
  ['sip/contacts/contact@external-ip', list('as `--external-ip`')],
  ['sip/contacts/contact@local-net', list('as `--local-net`')],
  ['sip/session-timers', group],
  ['sip/spammers', list('headers by which scanners are known; new requests that have one are turned away')],
  ['sip/spammers@action', list('`reject` answers them 603, `discard` (default) nothing')],
  ['sip/spammers@tcp-action', list('the same for TCP, TLS and websockets')],
  ['sip/spammers/header', list('a header; of From and To the user counts')],
  ['sip/spammers/header@name', list('its name')],
  ['sip/spammers/header/value', list('what occurs in it, small and capital letters told apart')],
  ['sip/timers', group],
  ['sip/tls', group],
];

/** Every element and attribute that is known, by its path below the outermost element. */
export const elements: ReadonlyMap<string, Element> = new Map([
  ...structure,
  ...allSettings.flatMap(([name, { elements: paths = [] }]) =>
    paths.map((path): readonly [string, Element] => [path, { kind: 'setting', name }]),
  ),
]);
