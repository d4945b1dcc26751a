import { forkingRows } from './forking.rows.ts';
import { type Row } from './row.ts';
import { serviceRows } from './service.rows.ts';
import { sessionRows } from './session.rows.ts';
import { setupRows } from './setup.rows.ts';
import { transferRows } from './transfer.rows.ts';

/** What a call does, feature by feature. */
export const rows: readonly Row[] = [...setupRows, ...sessionRows, ...forkingRows, ...transferRows, ...serviceRows];
