import { type Environment } from '@callweave/service';

/** The environment of the processes that are started: ours, so that a setting of theirs reaches them. */
export function environment(): Environment {
  // eslint-disable-next-line no-restricted-syntax -- handed on as it is, not read
  return process.env;
}
