import { type Faults } from '@callweave/bus';
import { type EngineLink } from '@callweave/srf';
import { ignore, type Logger } from '@callweave/telemetry';

/** By such a request an engine of ours is told what is to go wrong with SIP messages; to another it is for nobody. */
const FAULTS = { method: 'FAULTS', uri: 'sip:engine.invalid', headers: { 'Content-Type': 'application/json' } };

const KINDS: ReadonlySet<string> = new Set(['drop', 'delay', 'duplicate']);

/** Has the engine do what is set here to go wrong with SIP messages, and one that takes its place as well. */
export function passFaultsOn(
  faults: Pick<Faults, 'list' | 'onChange'>,
  { link, log }: { link: Pick<EngineLink, 'send' | 'onConnect'>; log: Logger },
): void {
  /** Undefined when it is not known. */
  let told: string | undefined = '[]';
  const tell = (): void => {
    const set = faults.list().filter(({ fault }) => KINDS.has(fault.kind));
    const body = JSON.stringify(set.map(({ id, fault }) => ({ id, ...fault })));
    if (body === told) return;
    told = body;
    link.send(
      { ...FAULTS, body },
      {
        responded: ({ status }) => {
          if (status !== 200) log.warn('faults.refused', { status });
        },
        failed: (error) => ignore(log, error, 'this engine lets nothing go wrong on purpose'),
      },
    );
  };
  faults.onChange(tell);
  link.onConnect(() => {
    // One that an edge before us had may still do what that one was told.
    told = undefined;
    tell();
  });
}
