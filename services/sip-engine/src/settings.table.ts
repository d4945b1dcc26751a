import { unusedSettings } from './unused-settings.table.ts';

/** One thing the process can be told: by a flag of its name, by a variable, or in drachtio.conf.xml. */
export interface Setting {
  readonly type: 'string' | 'boolean';
  readonly short?: string;
  /** What it does; absent for a setting of drachtio-server that has no effect here. */
  readonly does?: string;
  /** Why it has no effect, for the warning. */
  readonly ignored?: string;
  /** Environment variable of drachtio-server with the same meaning. */
  readonly variable?: string;
  /** Its places in drachtio.conf.xml, below the outermost element: `sip/tls/key-file`, `admin@port`. */
  readonly elements?: readonly string[];
  /** False where drachtio-server has no flag, and neither have we. */
  readonly flag?: false;
  /** Must not be seen in logs and references. */
  readonly secret?: true;
}

/** Every setting: drachtio-server's own names, and ours. */
export const settings = {
  ...unusedSettings,
  address: {
    type: 'string',
    does: 'address for application connections (default 0.0.0.0)',
    variable: 'DRACHTIO_ADMIN_ADDRESS',
    elements: ['admin'],
  },
  'aggressive-nat-detection': {
    type: 'boolean',
    does: 'take nat=yes in Record-Route or Contact for a sign that a peer is behind a NAT',
    variable: 'DRACHTIO_AGRESSIVE_NAT_DETECTION',
    elements: ['sip/aggressive-nat-detection'],
  },
  'app-grace': {
    type: 'string',
    does: 'ms that new requests wait for an application once one has gone, and after the start (default: 503 at once)',
  },
  'cert-file': {
    type: 'string',
    does: 'certificate of transport=tls, wss and --tls-port (PEM); read again on SIGHUP',
    variable: 'DRACHTIO_TLS_CERT_FILE',
    elements: ['sip/tls/cert-file'],
  },
  'chain-file': {
    type: 'string',
    does: 'certificates between it and a root (PEM)',
    variable: 'DRACHTIO_TLS_CHAIN_FILE',
    elements: ['sip/tls/chain-file'],
  },
  compat: { type: 'string', does: 'drachtio: do as drachtio-server does also where that is not right' },
  contact: {
    type: 'string',
    short: 'c',
    does: 'SIP address to bind, as sip:ip:port;transport=udp,tcp or ;transport=ws, or sips:ip:port;transport=tls or ;transport=wss (repeatable)',
  },
  'dh-param': {
    type: 'string',
    does: 'Diffie-Hellman parameters (PEM; default those of OpenSSL)',
    variable: 'DRACHTIO_TLS_DH_PARAM_FILE',
    elements: ['sip/tls/dh-param'],
  },
  'disable-nat-detection': {
    type: 'boolean',
    does: 'send in-dialog requests to the Contact, also where it is not the address the peer sent from',
  },
  'dns-name': { type: 'string', does: 'name of the local host; belongs to the --contact before it (repeatable)' },
  'dns-server': {
    type: 'string',
    does: 'DNS servers to ask instead of those of the machine, as 192.0.2.53 or 192.0.2.53:5353, several separated by commas',
  },
  'external-ip': { type: 'string', does: 'address to show to peers instead; belongs to the --contact before it' },
  file: {
    type: 'string',
    short: 'f',
    does: 'configuration file (default /etc/drachtio.conf.xml, if it is there)',
    variable: 'DRACHTIO_CONFIG_FILE_PATH',
  },
  help: { type: 'boolean', short: 'h', does: 'print this and exit' },
  'http-host': { type: 'string', does: 'address of health and metrics (default $CALLWEAVE_HTTP_HOST, else 127.0.0.1)' },
  'http-port': {
    type: 'string',
    does: 'port of /healthz, /readyz, /status and /metrics (default $CALLWEAVE_HTTP_PORT, else none)',
  },
  'key-file': {
    type: 'string',
    does: 'key of the certificate (PEM)',
    variable: 'DRACHTIO_TLS_KEY_FILE',
    elements: ['sip/tls/key-file'],
  },
  'local-net': {
    type: 'string',
    does: 'networks whose peers see the local address and are reached from it, separated by commas; belongs to the --contact before it',
  },
  'log-file': {
    type: 'string',
    does: 'file the log is appended to, instead of standard output unless --stdout is given too; %Y%m%d_%H%M%S-%N is when it is begun, and its number',
    flag: false,
    elements: ['logging/file/name'],
  },
  'log-archive': {
    type: 'string',
    does: 'directory that the log file is put into when it is full, and at midnight (default archive, beside it)',
    flag: false,
    elements: ['logging/file/archive'],
  },
  'log-max-files': {
    type: 'string',
    flag: false,
    does: 'files kept there (default all)',
    elements: ['logging/file/maxFiles'],
  },
  'log-max-size': {
    type: 'string',
    flag: false,
    does: 'MB they may take (default any)',
    elements: ['logging/file/maxSize'],
  },
  'log-min-size': {
    type: 'string',
    flag: false,
    does: 'MB left free there (default 0)',
    elements: ['logging/file/minSize'],
  },
  'log-size': {
    type: 'string',
    does: 'MB at which the log file is full (default 5, if anything is said of its archive, else none)',
    flag: false,
    elements: ['logging/file/size'],
  },
  loglevel: {
    type: 'string',
    short: 'l',
    does: 'notice, error, warning, info or debug, which has every SIP message too (default info)',
    variable: 'DRACHTIO_LOGLEVEL',
    elements: ['logging/loglevel'],
  },
  'min-tls-version': {
    type: 'string',
    does: 'lowest version of TLS, 1.2 (default) or 1.3',
    variable: 'DRACHTIO_MIN_TLS_VERSION',
    elements: ['sip/tls/min-tls-version'],
  },
  mtu: {
    type: 'string',
    does: 'requests outside dialogs with more bytes go by TCP where that is listened for (default any size by UDP)',
    variable: 'DRACHTIO_UDP_MTU',
    elements: ['sip/udp-mtu', 'sip/mtu-size'],
  },
  noconfig: { type: 'boolean', does: 'read no configuration file' },
  'offer-unknown-dialogs': {
    type: 'boolean',
    does: 'ask applications about INVITE, BYE, UPDATE and REFER of a dialog that another server may have had (default: 481)',
  },
  'outbound-proxy': {
    type: 'string',
    does: 'next hop of requests outside dialogs that the application gives none, as sip:host:port;transport=tcp',
    flag: false,
    elements: ['sip/outbound-proxy'],
  },
  'overload-delay': {
    type: 'string',
    does: 'ms that messages may wait before new requests are refused with 503, or off (default 100)',
  },
  'overload-unanswered': {
    type: 'string',
    does: 'requests an application may leave without any answer before it gets no new ones (default 1000)',
  },
  port: {
    type: 'string',
    short: 'p',
    does: 'TCP port for application connections (default 9022)',
    variable: 'DRACHTIO_ADMIN_TCP_PORT',
    elements: ['admin@port'],
  },
  'prometheus-scrape-port': {
    type: 'string',
    does: 'port, or host:port, that serves /metrics (and health) to everybody unless a host is given',
    variable: 'DRACHTIO_PROMETHEUS_SCRAPE_PORT',
    elements: ['monitoring/prometheus'],
  },
  'reject-register-with-no-realm': {
    type: 'boolean',
    does: 'answer 403 to a REGISTER for an address instead of a domain',
    variable: 'DRACHTIO_REJECT_REGISTER_WITH_NO_REALM',
    elements: ['sip/reject-register-with-no-realm'],
  },
  secret: {
    type: 'string',
    does: 'what applications authenticate with (default cymru)',
    variable: 'DRACHTIO_SECRET',
    elements: ['admin@secret'],
    secret: true,
  },
  stdout: {
    type: 'boolean',
    does: 'log to standard output, also when the configuration file names a log file',
    variable: 'DRACHTIO_CONSOLE_LOGGING',
    elements: ['logging/console'],
  },
  'syslog-address': {
    type: 'string',
    does: 'syslog server that the log is sent to by UDP (RFC 3164), instead of standard output unless --stdout is given too',
    flag: false,
    elements: ['logging/syslog/address'],
  },
  'syslog-facility': {
    type: 'string',
    does: 'facility it is sent as, local0 (default) to local7',
    flag: false,
    elements: ['logging/syslog/facility'],
  },
  'syslog-port': { type: 'string', flag: false, does: 'its port (default 514)', elements: ['logging/syslog/port'] },
  'timer-t1': { type: 'string', flag: false, does: 'T1 of RFC 3261, ms (default 500)', elements: ['sip/timers/t1'] },
  'timer-t1x64': {
    type: 'string',
    flag: false,
    does: 'how long a transaction may take, ms (default 64 times T1)',
    elements: ['sip/timers/t1x64'],
  },
  'timer-t2': { type: 'string', flag: false, does: 'T2 of RFC 3261, ms (default 4000)', elements: ['sip/timers/t2'] },
  'timer-t4': { type: 'string', flag: false, does: 'T4 of RFC 3261, ms (default 5000)', elements: ['sip/timers/t4'] },
  'tls-cipherlist': {
    type: 'string',
    does: "OpenSSL's list of ciphers for TLS 1.2 (default that of Node.js)",
    variable: 'DRACHTIO_TLS_CIPHER_LIST',
  },
  'tls-peer-ca': {
    type: 'string',
    does: 'authorities one of which must have signed the certificate of every TLS peer (PEM; default: none is asked for)',
  },
  'tls-verify-client-cert': {
    type: 'boolean',
    flag: false,
    does: 'ask every TLS peer for a certificate that one of those in --chain-file has signed',
    variable: 'DRACHTIO_TLS_VERIFY_CLIENT_CERT',
  },
  'user-agent-options-auto-respond': {
    type: 'string',
    does: 'answer OPTIONS with exactly this User-Agent 200 without asking applications',
    variable: 'DRACHTIO_USER_AGENT_OPTIONS_AUTO_RESPOND',
    elements: ['sip/user-agent-options-auto-respond'],
  },
  version: { type: 'boolean', short: 'v', does: 'print the version and exit' },
  'ws-origin': {
    type: 'string',
    does: 'web page that may open websockets, as its Origin says (repeatable; default all)',
  },
  cdrs: {
    type: 'boolean',
    flag: false,
    does: 'tell applications that route cdr:attempt, cdr:start and cdr:stop of calls',
    elements: ['cdrs'],
  },
  'default-refresher': {
    type: 'string',
    flag: false,
    does: 'who refreshes sessions whose caller leaves it open: none, uac (the caller; default) or uas (RFC 4028)',
    elements: ['sip/session-timers@default-refresher'],
  },
  homer: {
    type: 'string',
    does: 'collector that gets a copy of every SIP message by HEP version 3, as 192.0.2.1 or 192.0.2.1:9060; needs --homer-id',
    variable: 'DRACHTIO_HOMER_ADDRESS',
    elements: ['sip/capture-server'],
  },
  'homer-hep-version': {
    type: 'string',
    flag: false,
    does: 'must be 3, which it is unless given',
    elements: ['sip/capture-server@hep-version'],
  },
  'homer-id': {
    type: 'string',
    does: 'number by which the collector knows who sent them',
    variable: 'DRACHTIO_HOMER_ID',
    elements: ['sip/capture-server@id'],
  },
  'homer-port': {
    type: 'string',
    flag: false,
    does: 'port of the collector where its address has none (default 9060)',
    variable: 'DRACHTIO_HOMER_PORT',
    elements: ['sip/capture-server@port'],
  },
  'http-handler': {
    type: 'string',
    does: 'URL that is asked where requests go (http:// or https://), or application to connect to (tcp://host:port or tls://host:port)',
    variable: 'DRACHTIO_HTTP_HANDLER_URI',
  },
  'http-method': { type: 'string', does: 'how the handler is asked: GET or POST (default GET)' },
  'tls-port': {
    type: 'string',
    does: 'port for applications that connect by TLS (default none)',
    variable: 'DRACHTIO_ADMIN_TLS_PORT',
    elements: ['admin@tls-port'],
  },
} as const satisfies Readonly<Record<string, Setting>>;

/** What a setting is called. */
export type SettingName = keyof typeof settings;

/** The same for who walks through all of them. */
export const allSettings = Object.entries<Setting>(settings).sort(([a], [b]) =>
  a < b ? -1 : 1,
) as readonly (readonly [SettingName, Setting])[];

/** Whether there is such a setting. */
export function isSettingName(name: string): name is SettingName {
  return Object.hasOwn(settings, name);
}

/** The text of `--help`. */
export function usage(): string {
  const lines = allSettings
    .filter(([, { does, flag }]) => does !== undefined && flag === undefined)
    .map(([name, { short, does = '' }]) => {
      const shortly = short === undefined ? '    ' : `-${short}, `;
      return `  ${shortly}--${name.padEnd(16)} ${does}`;
    });
  return ['Usage: callweave-sip-engine [OPTIONS]', '', ...lines, ''].join('\n');
}
