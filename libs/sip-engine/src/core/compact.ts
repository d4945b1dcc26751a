import { compactName, type Headers } from '@callweave/sip';

/** Whether an application asks for a short message: it spells a header in its compact form. */
export function wantsCompact(headers: Headers): boolean {
  let isCompact = false;
  headers.forEach((name) => (isCompact ||= name.length === 1));
  return isCompact;
}

/** A message with all its headers in compact forms, RFC 3261 §7.3.3. */
export function compacted(bytes: Buffer): Buffer {
  const end = bytes.indexOf('\r\n\r\n');
  const [startLine = '', ...lines] = bytes.toString('utf8', 0, end).split('\r\n');
  const short = lines.map((line) => {
    const colon = line.indexOf(':');
    return `${compactName(line.slice(0, colon))}:${line.slice(colon + 1)}`;
  });
  return Buffer.concat([Buffer.from([startLine, ...short].join('\r\n'), 'utf8'), bytes.subarray(end)]);
}
