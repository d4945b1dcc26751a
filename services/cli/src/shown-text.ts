const WIDTH = 60;

/** Text of a device or caller for the operator's terminal, which it must not steer. */
export function shownText(text: string, width = WIDTH): string {
  const shown = text.replace(/\p{Cc}/gu, '?');
  return shown.length <= width ? shown : `${shown.slice(0, width - 3)}...`;
}
