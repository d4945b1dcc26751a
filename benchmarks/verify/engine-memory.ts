// What an established dialog keeps in the SIP engine's memory once its transactions are over: 5,000 calls through a
// two-sided call of drachtio-srf are held by SIPp, 10,000 dialogs; heap and resident memory after a full collection,
// before, during and after. Argument: calls=N.
import { argv } from 'node:process';
import { freePort } from '@callweave/test';
import { dialogMemory } from '../support/dialog-memory.ts';

const GOAL_BYTES = 4_096;

const [, given = '5000'] = argv[2]?.split('=') ?? [];
const calls = Number(given);
if (!Number.isInteger(calls) || calls <= 0) throw new Error('expected calls=N');
const result = await dialogMemory(await freePort(), calls);
console.log(JSON.stringify({ goalBytes: GOAL_BYTES, ...result }));
