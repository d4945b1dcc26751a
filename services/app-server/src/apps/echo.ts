import { type Application } from './application.ts';

/** `echo`: callers hear themselves until they hang up. */
export const echo: Application = {
  run: ({ endpoint }) => endpoint.execute('echo'),
};
