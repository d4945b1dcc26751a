// Whether anything that strangers send ends, stops or fills the SIP engine: generated and mutated messages, streams,
// websocket upgrades and frames of applications, at the parsers and at a running engine. Arguments: minutes=N (60),
// seed=N (the time). A finding ends the run, exit 1, with the bytes that repeat it.
import { argv } from 'node:process';
import { fuzz } from '@callweave/sip-engine/testing';

const argument = (name: string, usual: number): number =>
  Number(new RegExp(`(?:^| )${name}=(\\d+)`).exec(argv.slice(2).join(' '))?.[1] ?? usual);

const minutes = argument('minutes', 60);
const seed = argument('seed', Date.now() % 2 ** 32);
console.error(`seed=${seed}`);
const report = await fuzz({
  durationMs: minutes * 60_000,
  seed,
  onProgress: (so) => console.error(JSON.stringify(so)),
});
console.log(JSON.stringify({ minutes, seed, ...report, findings: 0 }));
