import { type ApplicationKind } from './application.ts';

/** How many variables one call may have; beyond it new ones are not kept. */
const MAX_VARIABLES = 1_000;

/** The variables of one call. Setting nothing removes one. */
export class Variables {
  readonly #values = new Map<string, string>();

  get(name: string): string | undefined {
    return this.#values.get(name);
  }

  set(name: string, value: string): void {
    // A name becomes a header's name, and must not begin a line of its own.
    if (!/^[\w.:-]{1,128}$/.test(name)) return;
    if (value === '') this.#values.delete(name);
    else if (this.#values.size < MAX_VARIABLES || this.#values.has(name)) this.#values.set(name, value);
  }

  /** As headers of events. */
  *headers(): Generator<readonly [string, string]> {
    for (const [name, value] of this.#values) yield [`variable_${name}`, value];
  }
}

/** `set name=value`, `export name=value`. */
export const setVariable: ApplicationKind = {
  kind: 'instant',
  run: ({ variables }, argument) => {
    assign(variables, argument);
    return '_none_';
  },
};

/** `multiset ^^|a=1|b=2`, the third character separating; or with spaces. */
export const setVariables: ApplicationKind = {
  kind: 'instant',
  run: ({ variables }, argument) => {
    const separator = argument.startsWith('^^') ? argument.charAt(2) : ' ';
    const list = argument.startsWith('^^') ? argument.slice(3) : argument;
    for (const pair of separator === '' ? [] : list.split(separator)) assign(variables, pair);
    return '_none_';
  },
};

/** `unset name`. */
export const unsetVariable: ApplicationKind = {
  kind: 'instant',
  run: ({ variables }, argument) => {
    variables.set(argument.trim(), '');
    return '_none_';
  },
};

function assign(variables: Variables, pair: string): void {
  const equals = pair.indexOf('=');
  if (equals < 0) variables.set(pair.trim(), '');
  else variables.set(pair.slice(0, equals).trim(), pair.slice(equals + 1));
}
