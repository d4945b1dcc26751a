import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { round } from './statistics.ts';

/** A call site of a profile: a function, and what was called from there. */
export interface Frame {
  readonly name: string;
  /** Sampled time in it and in what it called, µs. */
  totalUs: number;
  /** Sampled time in itself, µs. */
  selfUs: number;
  readonly callees: Map<string, Frame>;
}

/** The V8 profile that Node.js has written into a directory, as a tree of busy time. */
export function readCpuProfile(directory: string): Frame {
  const [file] = readdirSync(directory).filter((name) => name.endsWith('.cpuprofile'));
  if (file === undefined) throw new Error('the process has written no profile');
  const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(join(directory, file), 'utf8')) as Profile;
  const selfUs = new Map<number, number>();
  samples.forEach((id, at) => selfUs.set(id, (selfUs.get(id) ?? 0) + Math.max(0, timeDeltas[at] ?? 0)));
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const root: Frame = { name: 'engine', totalUs: 0, selfUs: 0, callees: new Map() };
  const [first] = nodes;
  for (const child of first?.children ?? []) addFrame(root, child, byId, selfUs);
  root.totalUs = [...root.callees.values()].reduce((sum, { totalUs }) => sum + totalUs, 0);
  return root;
}

/** A function and its part of the busy time, in percent. */
export interface SelfTime {
  readonly name: string;
  readonly percent: number;
}

/** Where the time went, the most first. */
export function selfTimes(root: Frame, count: number): readonly SelfTime[] {
  const sums = new Map<string, number>();
  const visit = ({ name, selfUs, callees }: Frame): void => {
    sums.set(name, (sums.get(name) ?? 0) + selfUs);
    for (const callee of callees.values()) visit(callee);
  };
  visit(root);
  const sorted = [...sums].sort(([, a], [, b]) => b - a).slice(0, count);
  return sorted.map(([name, us]) => ({ name, percent: round((100 * us) / root.totalUs) }));
}

interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string };
  readonly children?: readonly number[];
}

interface Profile {
  readonly nodes: readonly ProfileNode[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** What a process does that does nothing. */
const IDLE = '(idle)';

function addFrame(
  parent: Frame,
  id: number,
  byId: ReadonlyMap<number, ProfileNode>,
  selfUs: ReadonlyMap<number, number>,
): void {
  const node = byId.get(id);
  if (node === undefined || node.callFrame.functionName === IDLE) return;
  const name = nameOf(node.callFrame);
  const frame = parent.callees.get(name) ?? { name, totalUs: 0, selfUs: 0, callees: new Map<string, Frame>() };
  parent.callees.set(name, frame);
  const before = [...frame.callees.values()].reduce((sum, { totalUs }) => sum + totalUs, 0);
  for (const child of node.children ?? []) addFrame(frame, child, byId, selfUs);
  const after = [...frame.callees.values()].reduce((sum, { totalUs }) => sum + totalUs, 0);
  const own = selfUs.get(id) ?? 0;
  frame.selfUs += own;
  frame.totalUs += own + after - before;
}

/** `parseHead sip/parse-message`, `send node:dgram`, `(garbage collector)`. */
function nameOf({ functionName, url }: ProfileNode['callFrame']): string {
  const name = functionName === '' ? '(anonymous)' : functionName;
  const [, place] = /\/(?:libs|services|node_modules)\/(.*?)\.[a-z]+$/.exec(url) ?? [];
  const module = place?.replace(/\/(?:dist|src)\//, '/') ?? url;
  return module === '' ? name : `${name} ${module}`;
}
