/** How a flag is used. */
export interface Flag {
  readonly type: 'string' | 'boolean';
  readonly short?: string;
  /** What it does; absent for a flag of drachtio-server that has no effect here. */
  readonly help?: string;
  /** Why it has no effect, for the warning. */
  readonly ignored?: string;
}

const NOT_YET = 'not available in this server';
const NO_BLACKLIST = 'bans are kept by the edge, not by this server';
const TLS = 'the defaults of Node.js count';

/** Every flag: drachtio-server's own names, and ours. */
export const flags = {
  address: { type: 'string', help: 'address for application connections (default 0.0.0.0)' },
  'cert-file': { type: 'string', help: 'certificate of transport=tls, wss and --tls-port (PEM); read again on SIGHUP' },
  'chain-file': { type: 'string', help: 'certificates between it and a root (PEM)' },
  compat: { type: 'string', help: 'drachtio: do as drachtio-server does also where that is not right' },
  contact: {
    type: 'string',
    short: 'c',
    help: 'SIP address to bind, as sip:ip:port;transport=udp,tcp or ;transport=ws, or sips:ip:port;transport=tls or ;transport=wss (repeatable)',
  },
  'external-ip': { type: 'string', help: 'address to show to peers instead; belongs to the --contact before it' },
  'local-net': {
    type: 'string',
    help: 'network whose peers see the local address; belongs to the --contact before it',
  },
  'dns-name': { type: 'string', help: 'name of the local host; belongs to the --contact before it (repeatable)' },
  help: { type: 'boolean', short: 'h', help: 'print this and exit' },
  'http-handler': {
    type: 'string',
    help: 'URL that is asked where requests go (http:// or https://), or application to connect to (tcp://host:port or tls://host:port)',
  },
  'http-method': { type: 'string', help: 'how the handler is asked: GET or POST (default GET)' },
  'http-host': { type: 'string', help: 'address of health and metrics (default $CALLWEAVE_HTTP_HOST, else 127.0.0.1)' },
  'http-port': {
    type: 'string',
    help: 'port of /healthz, /readyz and /metrics (default $CALLWEAVE_HTTP_PORT, else none)',
  },
  'key-file': { type: 'string', help: 'key of the certificate (PEM)' },
  loglevel: { type: 'string', short: 'l', help: 'notice, error, warning, info or debug (default info)' },
  noconfig: { type: 'boolean', help: 'read no configuration file; always so' },
  'offer-unknown-dialogs': {
    type: 'boolean',
    help: 'ask applications about INVITE, BYE, UPDATE and REFER of a dialog that another server may have had (default: 481)',
  },
  'overload-delay': {
    type: 'string',
    help: 'ms that messages may wait before new requests are refused with 503, or off (default 50)',
  },
  'overload-unanswered': {
    type: 'string',
    help: 'requests an application may leave without any answer before it gets no new ones (default 1000)',
  },
  port: { type: 'string', short: 'p', help: 'TCP port for application connections (default 9022)' },
  secret: { type: 'string', help: 'what applications authenticate with (default $DRACHTIO_SECRET, else cymru)' },
  stdout: { type: 'boolean', help: 'log to standard output; always so' },
  'tls-port': { type: 'string', help: 'port for applications that connect by TLS (default none)' },
  version: { type: 'boolean', short: 'v', help: 'print the version and exit' },
  'ws-origin': {
    type: 'string',
    help: 'web page that may open websockets, as its Origin says (repeatable; default all)',
  },
  'aggressive-nat-detection': { type: 'boolean', ignored: NOT_YET },
  'always-send-180': { type: 'boolean', ignored: NOT_YET },
  'blacklist-redis-address': { type: 'string', ignored: NO_BLACKLIST },
  'blacklist-redis-key': { type: 'string', ignored: NO_BLACKLIST },
  'blacklist-redis-master': { type: 'string', ignored: NO_BLACKLIST },
  'blacklist-redis-password': { type: 'string', ignored: NO_BLACKLIST },
  'blacklist-redis-port': { type: 'string', ignored: NO_BLACKLIST },
  'blacklist-redis-sentinels': { type: 'string', ignored: NO_BLACKLIST },
  'blacklist-refresh-secs': { type: 'string', ignored: NO_BLACKLIST },
  daemon: { type: 'boolean', ignored: 'run it under a supervisor instead' },
  'dh-param': { type: 'string', ignored: TLS },
  'disable-nat-detection': { type: 'boolean', ignored: NOT_YET },
  file: { type: 'string', short: 'f', ignored: 'configuration files are not read' },
  'globally-readable-logs': { type: 'boolean', ignored: 'no log files are written' },
  homer: { type: 'string', ignored: NOT_YET },
  'homer-id': { type: 'string', ignored: NOT_YET },
  'memory-debug': { type: 'boolean', ignored: 'nothing to debug' },
  'min-tls-version': { type: 'string', ignored: TLS },
  mtu: { type: 'string', ignored: 'datagrams may have any size' },
  'prometheus-scrape-port': { type: 'string', ignored: 'use --http-port' },
  'reject-register-with-no-realm': { type: 'boolean', ignored: NOT_YET },
  'sofia-loglevel': { type: 'string', short: 's', ignored: 'there is no sofia here' },
  'tcp-keepalive-interval': { type: 'string', ignored: 'it is 45 s' },
  'tls-cipherlist': { type: 'string', ignored: TLS },
  user: { type: 'string', short: 'u', ignored: 'run it as that user instead' },
  'user-agent-options-auto-respond': { type: 'string', ignored: NOT_YET },
} as const satisfies Readonly<Record<string, Flag>>;

/** The text of `--help`. */
export function usage(): string {
  const lines = Object.entries<Flag>(flags)
    .filter(([, flag]) => flag.help !== undefined)
    .map(([name, flag]) => {
      const short = flag.short === undefined ? '    ' : `-${flag.short}, `;
      return `  ${short}--${name.padEnd(16)} ${flag.help ?? ''}`;
    });
  return ['Usage: callweave-sip-engine [OPTIONS]', '', ...lines, ''].join('\n');
}
