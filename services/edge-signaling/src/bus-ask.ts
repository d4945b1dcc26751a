import { type Bus, BusError } from '@callweave/bus';
import { ContractError } from '@callweave/contracts';
import { type Logger } from '@callweave/telemetry';
import { type Unavailable } from './ports.ts';

export interface BusPortDeps {
  readonly bus: Bus;
  readonly log: Logger;
}

/** The answer, or that nobody can give one now. */
export async function orUnavailable<T>(log: Logger, ask: () => Promise<T>): Promise<T | Unavailable> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof BusError) && !(error instanceof ContractError)) throw error;
    log.warn('bus.no-answer', { err: error });
    return { kind: 'unavailable' };
  }
}
