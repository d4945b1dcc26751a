import { describeListener, describeSides, type PlatformFile } from '@callweave/service';

/** What a person needs to know about a platform that runs. */
export interface PlatformFacts extends Omit<PlatformFile, 'pid' | 'processes'> {
  readonly stateDir: string;
  readonly platformFile: string;
}

/** The short table that is shown when everything is ready. */
export function banner({
  sides,
  sip,
  ws,
  listeners,
  accounts,
  nats,
  rtpengine,
  traces,
  console,
  stateDir,
  platformFile,
}: PlatformFacts): string {
  const [first = ''] = sip;
  const rows: [string, string][] = [
    ['SIP', `${sip.join(', ')}  (UDP and TCP)`],
    ...(sides.length < 2 ? [] : [['told', describeSides(sides)] satisfies [string, string]]),
    ...(ws.length === 0 ? [] : [['browsers', `${ws.join(', ')}  (SIP over websockets)`] satisfies [string, string]]),
    ...listeners.map((listener): [string, string] => ['and', describeListener(listener)]),
    ...accounts.map(({ user, password }): [string, string] => [user, `password ${password}`]),
    ['console', `${console.url}#token=${encodeURIComponent(console.token)}`],
    ['register', `a phone with user and password of an account, domain and registrar ${first}`],
    ['NATS', `${nats.url}  (operator's credentials: ${platformFile})`],
    ['rtpengine', rtpengine],
    ...(traces === undefined ? [] : [['traces', `to ${traces}`] satisfies [string, string]]),
    ['watch', `nats --server ${nats.url}${credentials(nats)} sub 'callweave.registration.>'`],
    ['look', 'npx callweave registrations · npx callweave doctor'],
    ['state, logs', stateDir],
    ['stop', 'Ctrl-C'],
  ];
  const width = Math.max(...rows.map(([label]) => label.length));
  return ['', 'Callweave is ready.', '', ...rows.map(([label, text]) => `  ${label.padEnd(width)}  ${text}`), ''].join(
    '\n',
  );
}

function credentials({ user, password }: PlatformFile['nats']): string {
  return user === undefined ? '' : ` --user ${user} --password ${password ?? ''}`;
}
