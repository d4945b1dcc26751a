/** A SIP message as the phone that sent or received it noted it down: its bodies and credentials stay behind. */
export interface TracedMessage {
  /** Epoch ms, with the phone's microseconds. */
  readonly atMs: number;
  readonly direction: 'sent' | 'received';
  /** `INVITE sip:bob@host`, `200 INVITE`. */
  readonly summary: string;
  /** Its length on the wire. */
  readonly bytes: number;
  /** The addresses that its sender is known by: those of its first Via, its Contact and its media, as far as it has them. */
  readonly hosts: { readonly via?: string; readonly contact?: string; readonly media?: string };
}

/** The same as it was written. */
export interface RawMessage extends Pick<TracedMessage, 'atMs' | 'direction' | 'bytes'> {
  /** With newlines for CRLF. */
  readonly text: string;
}

const ENTRY =
  /^-{20,} (\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)\.(\d+)\n\S+ message (sent|received) [^\n]*?(\d+)[^\n]*\n\n(.*)/s;

/** Takes a log apart that SIPp wrote, or is writing, with `-trace_msg` in UTC. */
export function splitMessageTrace(log: string): RawMessage[] {
  return log
    .replaceAll('\r\n', '\n')
    .split(/^(?=-{20,} \d{4}-)/m)
    .flatMap((entry) => {
      const [, day = '', time = '', fraction = '', direction, bytes, text = ''] = ENTRY.exec(entry) ?? [];
      if (direction !== 'sent' && direction !== 'received') return [];
      const atMs = Date.parse(`${day}T${time}Z`) + Number(`0.${fraction}`) * 1000;
      // What SIPp did not expect it notes down again.
      const [own = ''] = text.split(/^-{20,}\s*$/m, 1);
      return [{ atMs, direction, bytes: Number(bytes), text: own }];
    });
}

/** Reads such a log. */
export function parseMessageTrace(log: string): TracedMessage[] {
  return splitMessageTrace(log).map(({ text, ...about }) => {
    const [startLine = ''] = text.split('\n', 1);
    const rest = text.slice(startLine.length + 1);
    return { ...about, summary: summarize(startLine, rest), hosts: hostsIn(rest) };
  });
}

function hostsIn(rest: string): TracedMessage['hosts'] {
  const via = /^(?:Via|v):[^\n]*?SIP\/2\.0\/\w+\s+([^\s:;]+)/im.exec(rest)?.[1];
  const contact = /^(?:Contact|m):[^\n]*?sips?:(?:[^@>\n]*@)?([^\s:;>]+)/im.exec(rest)?.[1];
  const media = /^c=IN IP[46] (\S+)/m.exec(rest)?.[1];
  return { ...(via && { via }), ...(contact && { contact }), ...(media && { media }) };
}

function summarize(startLine: string, rest: string): string {
  const status = /^SIP\/2\.0 (\d{3})/.exec(startLine)?.[1];
  if (status === undefined) return startLine.replace(/ SIP\/2\.0$/, '');
  return `${status} ${/^CSeq:\s*\d+\s+(\S+)/im.exec(rest)?.[1] ?? ''}`.trimEnd();
}
