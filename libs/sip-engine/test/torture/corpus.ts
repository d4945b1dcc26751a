import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A message of a torture RFC, and its section there. */
export interface TortureMessage {
  readonly section: string;
  readonly name: string;
  readonly bytes: Buffer;
}

/** The messages of a file beside this one, in the order of the RFC. */
export function tortureMessages(file: string): TortureMessage[] {
  const text = readFileSync(join(import.meta.dirname, file), 'utf8');
  const [, ...messages] = text.split(/^=== /m);
  return messages.map((message) => {
    const end = message.indexOf('\n');
    const [section = '', name = ''] = message.slice(0, end).split(' ');
    return { section, name, bytes: Buffer.from(written(message.slice(end + 1)), 'latin1') };
  });
}

/** What the notation stands for, RFC 4475 §2: lines end in CRLF, and what it cannot show is spelt out. */
function written(text: string): string {
  return Buffer.from(text)
    .toString('latin1')
    .replace(/<allOneLine>\n([^]*?)<\/allOneLine>/g, (_, lines: string) => lines.replaceAll('\n', ''))
    .replace(/<repeat count=(\d+)>([^<]*)<\/repeat>/g, (_, count: string, what: string) => what.repeat(Number(count)))
    .replaceAll('\n', '\r\n')
    .replace(/<hex>([0-9A-F]*)<\/hex>/g, (_, digits: string) => Buffer.from(digits, 'hex').toString('latin1'));
}
