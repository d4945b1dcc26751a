/** A subject that could not be built from its tokens; a programming error. */
export class SubjectError extends Error {
  readonly code = 'SUBJECT';

  constructor(message: string) {
    super(message);
    this.name = 'SubjectError';
  }
}

/** Data that breaks its contract. Carries paths and rules, never values: they may hold credentials. */
export class ContractError extends Error {
  readonly code = 'CONTRACT';
  readonly contract: string;
  readonly problems: readonly string[];

  constructor(contract: string, problems: readonly string[]) {
    super(`${contract}: ${problems.join('; ')}`);
    this.name = 'ContractError';
    this.contract = contract;
    this.problems = problems;
  }
}
