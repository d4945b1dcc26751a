import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The clone. */
export const root = fileURLToPath(new URL('../..', import.meta.url));

/** Where set-up keeps what it notes down; git ignores it. */
export const notes = join(root, '.callweave');

/** What npm, turbo and apt printed during the last set-up that had work to do. */
export const logFile = join(notes, 'setup.log');
