import { readPlatformFile } from '@callweave/service';
import { tracesUrl } from '@callweave/telemetry';
import { stateDirOf } from '../operator.ts';
import { type Check, fine, wrong } from './check.ts';

const ANSWER_MS = 2_000;
const ADVICE = 'calls go on without traces; check CALLWEAVE_OTLP_URL and the receiver';

/** Whether the receiver of traces takes any, if there is one. */
export const traceChecks: readonly Check[] = [
  {
    name: 'traces',
    run: async (command) => {
      const base = readPlatformFile(stateDirOf(command))?.traces;
      if (base === undefined) return fine('off (CALLWEAVE_OTLP_URL is not set)');
      const url = tracesUrl(base);
      try {
        const { status } = await fetch(url, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: '{"resourceSpans":[]}',
          signal: AbortSignal.timeout(ANSWER_MS),
        });
        return status === 200 ? fine(`${url} takes them`) : wrong(`${url} answers ${String(status)}`, ADVICE);
      } catch (error) {
        return wrong(`${url}: ${error instanceof Error ? causeOf(error) : String(error)}`, ADVICE);
      }
    },
  },
];

/** `fetch` hides what went wrong behind "fetch failed". */
function causeOf({ cause, message }: Error): string {
  return cause instanceof Error && cause.message !== '' ? cause.message : message;
}
