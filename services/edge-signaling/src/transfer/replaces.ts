/** The dialog that another is to take the place of, as the one whose peer we are names it. RFC 3891 §6.1. */
export interface Replaces {
  readonly callId: string;
  /** Our tag. */
  readonly toTag: string;
  /** The peer's. */
  readonly fromTag: string;
  /** Only while it is not answered. */
  readonly isEarlyOnly: boolean;
}

/** Reads a Replaces header; undefined when it names no dialog, or several. */
export function parseReplaces(text: string): Replaces | undefined {
  const [callId = '', ...params] = text.split(';').map((part) => part.trim());
  const values = (name: string): string[] =>
    params.flatMap((param) => {
      const [key = '', value = ''] = param.split(/\s*=\s*/, 2);
      return key.toLowerCase() === name ? [value] : [];
    });
  const [toTag = '', secondToTag] = values('to-tag');
  const [fromTag = '', secondFromTag] = values('from-tag');
  const isOne = secondToTag === undefined && secondFromTag === undefined && !text.includes(',');
  if (!isOne || callId === '' || toTag === '' || fromTag === '') return undefined;
  return { callId, toTag, fromTag, isEarlyOnly: values('early-only').length > 0 };
}
