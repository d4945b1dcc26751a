import { type Answer, answer } from '@callweave/bus';
import { routeCall } from '@callweave/contracts';
import { counter, type Logger } from '@callweave/telemetry';
import { type DialPlan, type Route, routeExtension } from './dial-plan.ts';
import { callsRouted } from './metrics.ts';

/** Answers where a call goes, for every tenant. */
export function answerRoute({ plan, log }: { plan: DialPlan; log: Logger }): Answer {
  const routed = counter(callsRouted);
  return answer(routeCall, ({ callId, dialled }): Promise<Route> => {
    const route = routeExtension(plan, dialled);
    const to = route.kind === 'reject' ? String(route.status) : (route.targets[0]?.kind ?? 'none');
    routed.add(1, { to });
    log.debug('call.routed', { callId, to });
    return Promise.resolve(route);
  });
}
