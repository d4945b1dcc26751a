const NO_BLACKLIST = 'bans are kept by the edge, not by this server';

/** Settings of drachtio-server that have no effect here, each with the reason. */
export const unusedSettings = {
  'preserve-header-names': {
    type: 'string',
    flag: false,
    ignored: 'headers of applications are written X-… as given and else as the RFCs write them',
    variable: 'DRACHTIO_PRESERVE_HEADER_NAMES',
  },
  'always-send-180': { type: 'boolean', ignored: 'what rings is known to the application alone' },
  'blacklist-redis-address': {
    type: 'string',
    ignored: NO_BLACKLIST,
    variable: 'DRACHTIO_BLACKLIST_REDIS_ADDRESS',
    elements: ['sip/blacklist/redis-address'],
  },
  'blacklist-redis-key': {
    type: 'string',
    ignored: NO_BLACKLIST,
    variable: 'DRACHTIO_BLACKLIST_REDIS_KEY',
    elements: ['sip/blacklist/redis-key'],
  },
  'blacklist-redis-master': {
    type: 'string',
    ignored: NO_BLACKLIST,
    variable: 'DRACHTIO_BLACKLIST_REDIS_MASTER',
    elements: ['sip/blacklist/redis-master'],
  },
  'blacklist-redis-password': {
    type: 'string',
    ignored: NO_BLACKLIST,
    variable: 'DRACHTIO_BLACKLIST_REDIS_PASSWORD',
    elements: ['sip/blacklist/redis-password'],
    secret: true,
  },
  'blacklist-redis-port': {
    type: 'string',
    ignored: NO_BLACKLIST,
    variable: 'DRACHTIO_BLACKLIST_REDIS_PORT',
    elements: ['sip/blacklist/redis-port'],
  },
  'blacklist-redis-sentinels': {
    type: 'string',
    ignored: NO_BLACKLIST,
    variable: 'DRACHTIO_BLACKLIST_REDIS_SENTINELS',
    elements: ['sip/blacklist/redis-sentinels'],
  },
  'blacklist-refresh-secs': {
    type: 'string',
    ignored: NO_BLACKLIST,
    variable: 'DRACHTIO_BLACKLIST_REDIS_REFRESH_SECS',
    elements: ['sip/blacklist/refresh-secs'],
  },
  daemon: { type: 'boolean', ignored: 'run it under a supervisor instead' },
  'globally-readable-logs': { type: 'boolean', ignored: 'the umask decides who may read a log file' },
  'log-auto-flush': {
    type: 'string',
    flag: false,
    ignored: 'every line is written at once',
    elements: ['logging/file/auto-flush'],
  },
  'memory-debug': { type: 'boolean', ignored: 'nothing to debug', variable: 'DRACHTIO_MEMORY_DEBUG' },
  'sofia-loglevel': {
    type: 'string',
    short: 's',
    ignored: 'there is no sofia here',
    variable: 'DRACHTIO_SOFIA_LOGLEVEL',
    elements: ['logging/sofia-loglevel'],
  },
  'tcp-keepalive-interval': {
    type: 'string',
    ignored: 'a connection that is silent for 1 s is probed',
    variable: 'DRACHTIO_TCP_KEEPALIVE_INTERVAL',
    elements: ['admin@tcp-keepalive'],
  },
  'tport-max-consecutive-timeouts': {
    type: 'string',
    flag: false,
    ignored: 'keep-alives find dead connections',
    variable: 'DRACHTIO_TPORT_MAX_CONSECUTIVE_TIMEOUTS',
  },
  'tport-queuesize': {
    type: 'string',
    flag: false,
    ignored: '511 connections may wait to be accepted',
    variable: 'DRACHTIO_TPORT_QUEUESIZE',
  },
  'udp-buffer-size': { type: 'string', flag: false, ignored: 'it is 2 MB', elements: ['sip/udp-buffer-size'] },
  user: { type: 'string', short: 'u', ignored: 'run it as that user instead' },
} as const;
