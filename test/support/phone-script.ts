import { type LadderMessage, type ScriptLine } from './ladder-text.ts';

/** Whose phone follows a script, and whom it calls. */
export interface Speaker {
  readonly user: string;
  readonly password: string;
  /** Request-URI and To of its first request, if that is its own. */
  readonly target: string;
  /** What `{name}` in the script stands for. */
  readonly values: ReadonlyMap<string, string>;
}

interface Request {
  readonly number: number;
  readonly method: string;
  readonly uri: string;
  readonly to: string;
  readonly cseq: number;
}

/** The scenario by which SIPp does what a ladder says, and fails when another message comes. */
export function scenarioOf(script: readonly ScriptLine[], speaker: Speaker): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<scenario name="${speaker.user}">\n${new Writer(script, speaker).write()}</scenario>\n`;
}

/** The scenario of a phone that registers, and stays for calls to come. */
export function registerScenario({ user, password }: Speaker, q: string | undefined): string {
  const preference = q === undefined ? '' : `;q=${q}`;
  const register = (cseq: number, credentials: string): string =>
    send(
      [
        'REGISTER sip:[remote_ip]:[remote_port] SIP/2.0',
        `Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=z9hG4bK[pid]r${String(cseq)};rport`,
        'Max-Forwards: 70',
        `From: <sip:${user}@[remote_ip]>;tag=[pid]r`,
        `To: <sip:${user}@[remote_ip]>`,
        'Call-ID: [call_id]',
        `CSeq: ${String(cseq)} REGISTER`,
        `Contact: <sip:${user}@[local_ip]:[local_port];transport=[transport]>${preference};expires=300`,
        ...(credentials === '' ? [] : [credentials]),
        'Content-Length: 0',
      ],
      true,
    );
  return `<?xml version="1.0" encoding="UTF-8"?>\n<scenario name="${user}">\n${register(1, '')}${OPTIONAL_100}  <recv response="401" auth="true"/>\n${register(2, credentialsOf(user, password))}${OPTIONAL_100}  <recv response="200"/>\n  <pause milliseconds="600000"/>\n</scenario>\n`;
}

const OPTIONAL_100 = '  <recv response="100" optional="true"/>\n';
const SESSION = /^(?:sendrecv|sendonly|recvonly|inactive)$/;
const CONTACT = 'Contact: <sip:[local_ip]:[local_port];transport=[transport]>';
const DIGITS = 'application/dtmf-relay';
const BODY_TYPES: Readonly<Record<string, string>> = {
  INFO: DIGITS,
  NOTIFY: 'application/pidf+xml',
};

class Writer {
  readonly #script: readonly ScriptLine[];
  readonly #speaker: Speaker;
  readonly #isCaller: boolean;
  /** Of SIPp, that are set: each must be used somewhere. */
  readonly #variables = new Set<string>();
  readonly #sent = new Map<string, Request>();
  /** Received and to be answered, by method. */
  readonly #received = new Map<string, { readonly name: string; readonly isFirst: boolean }>();
  /** Methods of ours without a final response. */
  readonly #open = new Set<string>();
  /** Methods whose last request of ours was accepted: an ACK goes where the answer came from. */
  readonly #accepted = new Set<string>();
  /** The first request, which may be cancelled. */
  #isUnanswered = true;
  #repeats = true;
  #numbers = 0;
  #cseq = 0;
  #sessions = 0;
  #local = '';
  #remote = '';
  #target = '';

  constructor(script: readonly ScriptLine[], speaker: Speaker) {
    this.#script = script;
    this.#speaker = speaker;
    const first = script.find((line): line is LadderMessage => 'direction' in line);
    this.#isCaller = first?.direction === 'sent';
    if (!this.#isCaller) return;
    const from = first?.headers.find(([name]) => name === 'From')?.[1] ?? `<sip:${speaker.user}@[remote_ip]>`;
    this.#local = `${this.#fill(from)};tag=[pid]c`;
    this.#remote = `<${speaker.target}>`;
    this.#target = speaker.target;
  }

  write(): string {
    const steps = this.#script.map((line, index) => {
      if ('pauseMs' in line) return `  <pause milliseconds="${String(line.pauseMs)}"/>\n`;
      if (line.direction === 'received') return this.#receive(line);
      // SIPp sends nothing else while it repeats something.
      const next = this.#script[index + 1];
      this.#repeats = next === undefined || 'pauseMs' in next || next.direction === 'received';
      return line.status === undefined ? this.#request(line) : this.#respond(line, line.status);
    });
    const used = this.#variables.size === 0 ? '' : `  <Reference variables="${[...this.#variables].join(',')}"/>\n`;
    return steps.join('') + used;
  }

  #receive({ method, status }: LadderMessage): string {
    const trying = this.#open.size > 0 ? OPTIONAL_100 : '';
    if (status === undefined) return trying + this.#receiveRequest(method);
    const actions: string[] = [];
    if (method === 'INVITE' && status < 300) actions.push(this.#keep('target', 'Contact', 'sip:[^>]*'));
    if (method === 'INVITE' && status < 200 && this.#isAcknowledged())
      actions.push(this.#keep('rseq', 'RSeq', '[0-9]+'));
    if (method === 'SUBSCRIBE' && status < 300) actions.push(this.#keep('target', 'Contact', 'sip:[^>]*'));
    if (this.#isCaller && status < 300 && this.#remote === `<${this.#speaker.target}>`) {
      this.#remote += '[peer_tag_param]';
    }
    if (status < 300 && actions.length > 0) this.#target = '[$target]';
    if (status >= 200) this.#open.delete(method);
    if (status >= 200 && status < 300) this.#accepted.add(method);
    return `${trying}${recv(`response="${String(status)}"`, actions)}`;
  }

  /** Whether provisional responses are acknowledged. */
  #isAcknowledged(): boolean {
    return this.#script.some((line) => 'method' in line && line.method === 'PRACK' && line.direction === 'sent');
  }

  #receiveRequest(method: string): string {
    if (method === 'ACK') return recv('request="ACK"', []);
    this.#numbers += 1;
    const name = `r${String(this.#numbers)}`;
    const isFirst = !this.#isCaller && this.#received.size === 0;
    this.#received.set(method, { name, isFirst: isFirst || (method === 'CANCEL' && this.#isUnanswered) });
    const actions = ['Via', 'From', 'To', 'CSeq'].map((header) => this.#keep(`${name}${header}`, header, '.*'));
    if (isFirst) {
      this.#local = `[$${name}To];tag=[pid]a`;
      this.#remote = `[$${name}From]`;
      this.#target = '[$target]';
      if (method === 'INVITE' || method === 'SUBSCRIBE') actions.push(this.#keep('target', 'Contact', 'sip:[^>]*'));
    }
    return recv(`request="${method}"`, actions);
  }

  #keep(variable: string, header: string, pattern: string): string {
    this.#variables.add(variable);
    return `      <ereg regexp="${pattern}" search_in="hdr" header="${header}:" assign_to="${variable}"/>\n`;
  }

  #respond(line: LadderMessage, status: number): string {
    const { method } = line;
    const about = this.#received.get(method);
    if (about === undefined) throw new SyntaxError(`${method} is answered that has not come`);
    const { name, isFirst } = about;
    if (method === 'INVITE' && status >= 200) this.#isUnanswered = false;
    const isReliable = status < 200 && line.headers.some(([header]) => header === 'Require');
    const head = [
      `SIP/2.0 ${String(status)} ${status < 300 ? 'OK' : 'No'}`,
      ...['Via', 'From'].map((header) => `${header}:[$${name}${header}]`),
      `To:[$${name}To]${isFirst ? ';tag=[pid]a' : ''}`,
      'Call-ID: [call_id]',
      `CSeq:[$${name}CSeq]`,
      ...(isReliable ? ['RSeq: 41'] : []),
    ];
    return send(
      [...head, ...this.#rest(line)],
      this.#repeats && (isReliable || (method === 'INVITE' && status >= 200)),
    );
  }

  #request(line: LadderMessage): string {
    const { method } = line;
    if (method === 'ACK') return this.#acknowledge(line);
    const cancelled = method === 'CANCEL' ? this.#sent.get('INVITE') : undefined;
    const write = (credentials: readonly string[]): string => {
      if (cancelled === undefined) {
        this.#numbers += 1;
        this.#cseq += 1;
      }
      const fresh = { number: this.#numbers, method, uri: this.#target, to: this.#remote, cseq: this.#cseq };
      const request = cancelled ?? fresh;
      this.#sent.set(method, request);
      if (method !== 'CANCEL') this.#open.add(method);
      this.#accepted.delete(method);
      const rack = method === 'PRACK' ? [`RAck: [$rseq] ${String(this.#sent.get('INVITE')?.cseq)} INVITE`] : [];
      return send([...this.#head(line, request), ...rack, ...credentials, ...this.#rest(line)], this.#repeats);
    };
    if (!line.words.includes('challenged')) return write([]);
    const first = write([]);
    const refused = `${OPTIONAL_100}  <recv response="407" auth="true"/>\n`;
    const acknowledged = method === 'INVITE' ? this.#acknowledge({ ...line, words: [], headers: [] }) : '';
    return first + refused + acknowledged + write([credentialsOf(this.#speaker.user, this.#speaker.password)]);
  }

  #acknowledge(line: LadderMessage): string {
    const invite = this.#sent.get('INVITE');
    if (invite === undefined) throw new SyntaxError('an ACK without an INVITE');
    const isAccepted = this.#accepted.has('INVITE');
    if (isAccepted) this.#numbers += 1;
    const about = isAccepted ? { ...invite, number: this.#numbers, uri: this.#target, to: this.#remote } : invite;
    const ack = { ...line, method: 'ACK' };
    const head = this.#head(ack, about).map((field) =>
      !isAccepted && field.startsWith('To: ') ? '[last_To:]' : field,
    );
    return send([...head, ...this.#rest(ack)], false);
  }

  /** What the line does not name itself. */
  #head({ method, headers }: LadderMessage, { number, uri, to, cseq }: Request): string[] {
    const named = headers.map(([name]) => `${name}: `).filter((name) => name !== 'From: ');
    const usual = [
      `${method} ${uri} SIP/2.0`,
      `Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=z9hG4bK[pid]b${String(number)};rport`,
      'Max-Forwards: 70',
      `From: ${this.#local}`,
      `To: ${to}`,
      'Call-ID: [call_id]',
      `CSeq: ${String(cseq)} ${method}`,
    ];
    return usual.filter((field) => !named.some((name) => field.startsWith(name)));
  }

  /** Header fields that the line names, ours where it names none, and the body. */
  #rest({ method, status = 0, words, headers }: LadderMessage): string[] {
    const named = headers.filter(([name]) => name !== 'From').map(([name, value]) => `${name}: ${this.#fill(value)}`);
    const hasContact = status >= 300 || headers.some(([name]) => name === 'Contact') || /ACK|BYE|CANCEL/.test(method);
    return [...named, ...(hasContact ? [] : [CONTACT]), ...this.#body(method, words)];
  }

  #body(method: string, words: readonly string[]): string[] {
    const way = words.find((word) => SESSION.test(word));
    const text = words.find((word) => word.startsWith('"'));
    if (way !== undefined) {
      this.#sessions += 1;
      const codec = words.includes('PCMA') ? '8' : '0';
      return [
        'Content-Type: application/sdp',
        'Content-Length: [len]',
        '',
        'v=0',
        `o=phone 53655765 ${String(this.#sessions)} IN IP[local_ip_type] [local_ip]`,
        's=-',
        'c=IN IP[media_ip_type] [media_ip]',
        't=0 0',
        `m=audio [media_port] RTP/AVP ${codec}`,
        `a=rtpmap:${codec} ${codec === '8' ? 'PCMA' : 'PCMU'}/8000`,
        `a=${way}`,
      ];
    }
    if (text === undefined) return ['Content-Length: 0', ''];
    const type = BODY_TYPES[method] ?? 'text/plain';
    // A digit without a length is none to some phones.
    const length = type === DIGITS ? ['Duration=160'] : [];
    return [`Content-Type: ${type}`, 'Content-Length: [len]', '', text.slice(1, -1), ...length];
  }

  #fill(text: string): string {
    return text.replaceAll(/\{([\w-]+)\}/g, (_, name: string) => this.#speaker.values.get(name) ?? '');
  }
}

function credentialsOf(user: string, password: string): string {
  return `[authentication username=${user} password=${password}]`;
}

function send(lines: readonly string[], isRepeated: boolean): string {
  const text = lines.map((line) => `      ${line}`).join('\n');
  return `  <send${isRepeated ? ' retrans="500"' : ''}>\n    <![CDATA[\n${text}\n    ]]>\n  </send>\n`;
}

function recv(what: string, actions: readonly string[]): string {
  if (actions.length === 0) return `  <recv ${what}/>\n`;
  return `  <recv ${what}>\n    <action>\n${actions.join('')}    </action>\n  </recv>\n`;
}
