import { headerKey } from '@callweave/sip';
import { type AppLines } from './app-headers.ts';
import { type Quirks } from './quirks.ts';

/** Credentials and challenges, RFC 3261 §20.7. */
const CREDENTIALS = ['authorization', 'proxy-authorization', 'www-authenticate', 'proxy-authenticate'] as const;
const CREDENTIAL_LINE = new RegExp(`^(?:${CREDENTIALS.join('|')}): .*$`, 'gim');

/** What can be read as a Date, RFC 3261 §20.17. */
const DATE = /^\s*[a-z]+,?\s*\d{1,2}[ -][a-z]{3}[ -]\d{2,4} \d{2}:\d{2}:\d{2}\b/i;

/** Headers that drachtio-server reads, and not only passes on. */
const READ: ReadonlySet<string> = new Set([
  ...CREDENTIALS,
  ...['accept', 'accept-contact', 'accept-encoding', 'accept-language', 'alert-info', 'allow', 'allow-events'],
  ...['authentication-info', 'call-info', 'contact', 'content-disposition', 'content-encoding', 'content-language'],
  ...['content-type', 'date', 'error-info', 'event', 'expires', 'in-reply-to', 'join', 'mime-version', 'min-expires'],
  ...['min-se', 'organization', 'path', 'priority', 'privacy', 'proxy-authentication-info', 'proxy-require', 'rack'],
  ...['reason', 'refer-to', 'referred-by', 'reject-contact', 'replaces', 'reply-to', 'request-disposition', 'require'],
  ...['retry-after', 'server', 'service-route', 'session-expires', 'sip-etag', 'sip-if-match', 'subject'],
  ...['subscription-state', 'supported', 'timestamp', 'unsupported', 'user-agent', 'warning'],
]);

/** The header lines of an application as drachtio-server would write them, where it is to be like that. */
export function asOriginal(lines: AppLines, { spacesCredentials, losesHeadersAfterBrokenDate }: Quirks): AppLines {
  const { keys } = lines;
  let kept = lines;
  if (losesHeadersAfterBrokenDate && keys.has('date')) kept = withoutLost(lines);
  if (!spacesCredentials || CREDENTIALS.every((key) => !keys.has(key))) return kept;
  return { text: kept.text.replace(CREDENTIAL_LINE, spaced), keys: kept.keys };
}

function spaced(line: string): string {
  return line.replace(/("(?:[^"\\]|\\.)*")|,\s*/g, (_, quoted?: string) => quoted ?? ', ');
}

/** A Date that is none takes with it every header after it that would be read. */
function withoutLost({ text, keys }: AppLines): AppLines {
  const left = new Set(keys);
  let isLost = false;
  const lines = text.split('\r\n').filter((line) => {
    const colon = line.indexOf(':');
    const key = headerKey(line.slice(0, colon));
    isLost ||= key === 'date' && !DATE.test(line.slice(colon + 1));
    if (!isLost || !READ.has(key)) return true;
    left.delete(key);
    return false;
  });
  return { text: lines.join('\r\n'), keys: left };
}
