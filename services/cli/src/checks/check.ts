import { type Command } from 'commander';

/** What a check found. */
export interface Finding {
  readonly ok: boolean;
  readonly detail: string;
  /** What to do about it. */
  readonly advice?: string;
}

/** One thing the doctor looks at. */
export interface Check {
  readonly name: string;
  /** Never throws for what it looks for; a throw is told as a failure with its message. */
  readonly run: (command: Command) => Promise<Finding>;
}

export function fine(detail: string): Finding {
  return { ok: true, detail };
}

export function wrong(detail: string, advice: string): Finding {
  return { ok: false, detail, advice };
}
