import { type Frame } from './cpu-profile.ts';

const WIDTH = 1_200;
const ROW = 16;
/** Narrower than this nothing can be seen, and the file is to stay small. */
const MIN_WIDTH = 3;
const CHAR_WIDTH = 6.2;

/** A profile as an SVG: every function above its caller, as wide as its part of the busy time. */
export function flameGraph(root: Frame, title: string): string {
  const boxes: Box[] = [];
  place(root, 0, 0, WIDTH / root.totalUs, boxes);
  const rows = 2 + Math.max(...boxes.map(({ depth }) => depth));
  const height = rows * ROW;
  const lines = boxes.map((box) => draw(box, height, root.totalUs));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="monospace" font-size="10">`,
    `<text x="4" y="12">${escape(title)}</text>`,
    ...lines,
    '</svg>',
    '',
  ].join('\n');
}

interface Box {
  readonly frame: Frame;
  readonly x: number;
  readonly width: number;
  readonly depth: number;
}

function place(frame: Frame, x: number, depth: number, scale: number, boxes: Box[]): void {
  const width = frame.totalUs * scale;
  if (width < MIN_WIDTH) return;
  boxes.push({ frame, x, width, depth });
  let at = x;
  for (const callee of [...frame.callees.values()].sort((a, b) => b.totalUs - a.totalUs)) {
    place(callee, at, depth + 1, scale, boxes);
    at += callee.totalUs * scale;
  }
}

function draw({ frame, x, width, depth }: Box, height: number, totalUs: number): string {
  const y = height - (depth + 1) * ROW;
  const share = ((100 * frame.totalUs) / totalUs).toFixed(1);
  const shown = frame.name.slice(0, Math.floor(width / CHAR_WIDTH));
  const text = shown.length < 3 ? '' : `<text x="${(x + 2).toFixed(1)}" y="${y + 11}">${escape(shown)}</text>`;
  const size = `x="${x.toFixed(1)}" y="${y}" width="${(width - 0.4).toFixed(1)}" height="${ROW - 1}"`;
  return `<g><title>${escape(frame.name)} ${share} %</title><rect ${size} fill="${colourOf(frame.name)}"/>${text}</g>`;
}

/** Ours, that of Node.js, and what the machine does. */
function colourOf(name: string): string {
  if (name.includes(' node:')) return '#9ecae1';
  return name.includes(' ') && !name.startsWith('(') ? '#fdae6b' : '#d9d9d9';
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
