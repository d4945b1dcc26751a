import { type ApplicationKind } from './application.ts';
import { echo } from './echo.ts';
import { park, sleep } from './pause.ts';
import { playback } from './playback.ts';
import { setVariable, setVariables, unsetVariable } from './variables.ts';

/** Every application a call can be told to run, but for `hangup`, which ends the call itself. */
export const applications: ReadonlyMap<string, ApplicationKind> = new Map([
  // The call is answered before anyone can tell it to run anything.
  ['answer', { kind: 'instant', run: () => '_none_' }],
  ['echo', echo],
  ['export', setVariable],
  ['multiset', setVariables],
  ['park', park],
  ['playback', playback],
  ['set', setVariable],
  ['sleep', sleep],
  ['unset', unsetVariable],
]);
