import { type ApplicationKind } from './application.ts';

/** `echo`: the caller hears what the caller says, until the call is over or somebody stops it. */
export const echo: ApplicationKind = {
  kind: 'running',
  start: () => ({
    beat: (heard) => ({ kind: 'frame', samples: heard }),
    stop: () => '_none_',
  }),
};
