/** A message in a ladder: who sent it, what it was, and what of it matters there. */
export interface LadderMessage {
  readonly direction: 'sent' | 'received';
  readonly method: string;
  /** Of a response. */
  readonly status?: number;
  /**
   * What it carries: the direction of its session (`sendrecv`), its codec unless that is PCMU, its body in quotes when it
   * is no session, and `challenged` when it had to be sent again with credentials.
   */
  readonly words: readonly string[];
  /** Header fields that matter, in the order of the message. */
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** A line of what a phone is to do: a message, or how long it waits. */
export type ScriptLine = LadderMessage | { readonly pauseMs: number };

const LINE = /^([→←]) (?:(\d{3}) )?([A-Z]+)((?: (?:"[^"]*"|[^\s|]+))*)((?: \| [\w-]+: .*)?)$/u;
const PAUSE = /^· (\d+) ms$/u;

/**
 * Reads a ladder as one phone sees it, a line per message: `→ INVITE sendrecv | Reason: SIP;cause=200` is sent, `← 200
 * INVITE sendrecv` is received, `· 300 ms` is a pause.
 */
export function readLadder(text: string): ScriptLine[] {
  const lines = text.split('\n').map((line) => line.trim());
  return lines.filter((line) => line !== '').map(readLine);
}

function readLine(line: string): ScriptLine {
  const pause = PAUSE.exec(line)?.[1];
  if (pause !== undefined) return { pauseMs: Number(pause) };
  const [, arrow, status, method, words = '', headers = ''] = LINE.exec(line) ?? [];
  if (arrow === undefined || method === undefined) throw new SyntaxError(`no line of a ladder: ${line}`);
  return {
    direction: arrow === '→' ? 'sent' : 'received',
    method,
    ...(status === undefined ? {} : { status: Number(status) }),
    words: words.match(/"[^"]*"|\S+/g) ?? [],
    headers: headers
      .split(' | ')
      .slice(1)
      .map((header) => {
        const colon = header.indexOf(': ');
        return [header.slice(0, colon), header.slice(colon + 2)] as const;
      }),
  };
}

/** The line of a message, its arrow left out when somebody else draws it. */
export function writeMessage({ direction, method, status, words, headers }: LadderMessage, hasArrow = true): string {
  const arrow = hasArrow ? [direction === 'sent' ? '→' : '←'] : [];
  const head = [...arrow, ...(status === undefined ? [] : [String(status)]), method, ...words].join(' ');
  return [head, ...headers.map(([name, value]) => `${name}: ${value}`)].join(' | ');
}

/** Whether a line is what was to be: `*` in what was expected is any text. */
export function isSameLine(expected: string, line: string): boolean {
  const pattern = expected.split('*').map((part) => part.replaceAll(/[\\^$.|?+()[\]{}]/g, '\\$&'));
  return new RegExp(`^${pattern.join('.*')}$`, 'u').test(line);
}
