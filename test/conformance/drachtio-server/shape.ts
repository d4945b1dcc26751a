/** A message without the size of its body, if that is what it says; addresses are longer in one place than in another. */
export function withoutSize(message: string): string {
  const size = Buffer.byteLength(message.slice(message.indexOf('\r\n\r\n') + 4));
  return message.replace(/^(Content-Length: )(\d+)/im, (line, name: string, said: string) =>
    Number(said) === size ? `${name}SIZE` : line,
  );
}

/** A frame in a form that two servers share: without ids of its own, times and sizes; the message as below. */
export function frameShape(payload: string): string {
  const cr = payload.indexOf('\r\n');
  const leader = cr < 0 ? payload : payload.slice(0, cr);
  const isReply = leader.split('|')[1] === 'response';
  const tokens = leader.split('|').map((token, at) => {
    if (at === 0) return 'ID';
    if (/^v\d+\.\d+\.\d+/.test(token)) return 'VERSION';
    if (/^\d\d:\d\d:\d\d\.\d{6}$/.test(token)) return 'TIME';
    if (at === (isReply ? 5 : 3) && /^[1-9]\d*$/.test(token)) return 'SIZE';
    return token;
  });
  return tokens.join('|') + (cr < 0 ? '' : `\n${sipShape(payload.slice(cr + 2))}`);
}

/** A message with its header lines sorted by name, those of one name in their order. */
export function sipShape(text: string): string {
  const [head = '', ...rest] = text.split('\r\n\r\n');
  const [first = '', ...lines] = head.split('\r\n');
  const named = lines.map((line) => ({ key: line.slice(0, line.indexOf(':')).toLowerCase(), line }));
  named.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  const isWithin = /;tag=/.test(named.find(({ key }) => key === 'to')?.line ?? '');
  const shown = named.map(({ key, line }) => {
    // Where a server begins to count is its own choice.
    if (key === 'cseq' && isWithin && !first.startsWith('SIP/')) return line.replace(/\d+/, 'N');
    return /^(?:cseq|rseq|rack)$/.test(key) ? line.replaceAll(/\d{5,}/g, 'N') : line;
  });
  const body = rest.join('\r\n\r\n');
  return [first, ...shown, ...(body === '' ? [] : ['', body])].join('\n');
}
