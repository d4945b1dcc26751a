import { copyText, serializeParts, type SipRequest } from '@callweave/sip';
import { type Hop } from '../locate/target.ts';
import { type Flow, type Inbound } from '../transport/transport.ts';
import { type Core } from './context.ts';
import { contactUri, type Dialog } from './dialog.ts';
import { shownAs } from './local.ts';

/** What applications route to be told of the ends of connections; never on the wire. */
export const FLOW_CLOSED = 'FLOW-CLOSED';

/** How long the calls of a browser wait for it to connect again: long enough for a page that notices at once. */
const RECONNECT_MS = 10_000;

/** How long a phone that registers by another TCP or TLS connection is known for the one that it was. */
const RETURN_MS = 300_000;

/** How often it is looked who did not come back. */
const CHECK_MS = 1_000;

/** Devices of one connection, as of a gateway for its lines; of further ones nobody is told that they have gone. */
const MAX_DEVICES = 1_000;

/** A device that registered by a connection. */
interface Registered {
  /** Address-of-record and instance, or contact where it has none: the same when the device comes back. RFC 5626 §4.1 */
  readonly device: string;
  readonly contact: string | undefined;
  readonly uri: string;
  readonly lines: string;
}

/** A connection that has closed while calls may hang on it. */
interface Lost {
  readonly dueMs: number;
  /** The one by which its device came back. */
  successor: Flow | undefined;
}

/**
 * What hangs on connections: bindings, which end with them, the calls of browsers, which wait a moment, and those of
 * phones, which can be connected to.
 */
export class Connections {
  readonly #core: Pick<Core, 'apps' | 'clock' | 'dialogs' | 'limits'>;
  readonly #end: (dialog: Dialog, reason: string) => void;
  readonly #registered = new Map<Flow, Map<string, Registered>>();
  readonly #lost = new Map<Flow, Lost>();
  /** By user and host of Contacts that nothing resolves, RFC 7118 §5.2. */
  readonly #byContact = new Map<string, Flow>();
  /** The lost ones by the devices that had them. */
  readonly #awaited = new Map<string, Flow>();

  constructor(
    core: Pick<Core, 'apps' | 'clock' | 'dialogs' | 'limits'>,
    end: (dialog: Dialog, reason: string) => void,
  ) {
    this.#core = core;
    this.#end = end;
  }

  /** An application has accepted a REGISTER. */
  accepted({ message, flow }: Inbound<SipRequest>): void {
    if (!flow.reliable) return;
    const device = registeredBy(message);
    const known = this.#registered.get(flow) ?? new Map<string, Registered>();
    if (known.size >= MAX_DEVICES && !known.has(device.device)) {
      this.#core.limits.reached('contacts');
      return;
    }
    known.set(device.device, device);
    this.#registered.set(flow, known);
    // Whoever had a contact first keeps it while he is there, or others could take his calls.
    if (device.contact !== undefined && this.#byContact.get(device.contact)?.isOpen !== true)
      this.#byContact.set(device.contact, flow);
    const before = this.#awaited.get(device.device);
    const lost = before === undefined ? undefined : this.#lost.get(before);
    if (lost !== undefined) lost.successor = flow;
    // It may have closed while the application thought.
    if (!flow.isOpen) this.closed(flow);
  }

  /** A connection has closed: applications are told who can no longer be reached by it. */
  closed(flow: Flow): void {
    const registered = this.#registered.get(flow);
    this.#registered.delete(flow);
    for (const device of registered?.values() ?? []) {
      if (device.contact !== undefined && this.#byContact.get(device.contact) === flow)
        this.#byContact.delete(device.contact);
      this.#tell(flow, device);
    }
    if (!isWebSocket(flow) && registered === undefined) return;
    if (this.#lost.size === 0) this.#checkLater();
    const waitMs = isWebSocket(flow) ? RECONNECT_MS : RETURN_MS;
    this.#lost.set(flow, { dueMs: this.#core.clock.monotonicMs() + waitMs, successor: undefined });
    for (const device of registered?.keys() ?? []) this.#awaited.set(device, flow);
  }

  /** Where a request goes whose URI is the Contact of a connected browser. */
  to(uri: string): Hop | undefined {
    const contact = unresolvable(uri);
    const flow = contact === undefined ? undefined : this.#byContact.get(contact);
    if (flow === undefined) return undefined;
    return { protocol: flow.protocol, host: flow.remoteAddress, port: flow.remotePort };
  }

  /** The connection to go on by: the one given, or that of its device since. */
  latest(flow: Flow): Flow {
    const successor = this.#lost.get(flow)?.successor;
    // That may have closed by now as well.
    return successor === undefined ? flow : this.latest(successor);
  }

  #tell(flow: Flow, { uri, lines }: Registered): void {
    const app = this.#core.apps.pick(FLOW_CLOSED);
    if (app === undefined) return;
    const bytes = serializeParts(`${FLOW_CLOSED} ${uri} SIP/2.0`, lines, Buffer.alloc(0));
    const { remoteAddress: address, remotePort: port, listener } = flow;
    const receivedOn = { address: listener.address, port: listener.port };
    const meta = { source: 'application', protocol: shownAs(flow), address, port, receivedOn } as const;
    app.deliver({ ...meta, size: bytes.length, txn: 'unsolicited', dialogId: '' }, bytes);
  }

  #checkLater(): void {
    this.#core.clock.after(CHECK_MS, () => {
      this.#giveUp();
      if (this.#lost.size > 0) this.#checkLater();
    });
  }

  /** Looks at all dialogs, once for everybody who did not come back in time. */
  #giveUp(): void {
    const now = this.#core.clock.monotonicMs();
    const due = new Map([...this.#lost].filter(([, { dueMs }]) => dueMs <= now));
    if (due.size === 0) return;
    for (const dialog of [...this.#core.dialogs.all()]) {
      const lost = due.get(dialog.flow);
      if (lost === undefined || dialog.routeSet.length > 0) continue;
      const latest = this.latest(dialog.flow);
      if (latest.isOpen || !isWebSocket(dialog.flow)) dialog.flow = latest;
      else this.#end(dialog, 'connection lost');
    }
    for (const flow of due.keys()) this.#lost.delete(flow);
    for (const [device, flow] of this.#awaited) if (due.has(flow)) this.#awaited.delete(device);
  }
}

/** Only its own connection leads to a browser; anything else may be connected to. RFC 7118 §7. */
export function isWebSocket({ protocol }: Flow): boolean {
  return protocol === 'ws' || protocol === 'wss';
}

/** User and host of a Contact whose host is there only because there must be one. */
function unresolvable(uri: string): string | undefined {
  const found = /^sips?:([^@:;?]*@[^@:;?]*\.invalid)(?:[:;?]|$)/i.exec(uri)?.[1];
  return found === undefined ? undefined : copyText(found);
}

function registeredBy(request: SipRequest): Registered {
  const line = (name: string): string => `${name}: ${request.required(name.toLowerCase())}\r\n`;
  const { cseq } = request;
  const contact = contactUri(request) ?? '';
  const instance = request.addresses('contact')[0]?.params.get('+sip.instance');
  return {
    device: copyText(`${request.to.uri} ${instance ?? contact}`),
    contact: unresolvable(contact),
    uri: copyText(request.uri),
    lines: copyText(
      `${['Via', 'From', 'To', 'Call-ID'].map(line).join('')}CSeq: ${cseq.number} ${FLOW_CLOSED}\r\n` +
        `${contact === '' ? '' : `Contact: <${contact}>\r\n`}Content-Length: 0\r\n`,
    ),
  };
}
