import { type Answer, answer } from '@callweave/bus';
import { routeCall } from '@callweave/contracts';
import { type Logger } from '@callweave/telemetry';
import { type DialPlan, type Route, routeExtension } from './dial-plan.ts';

/** Answers where a call goes. */
export function answerRoute({ plan, log }: { plan: DialPlan; log: Logger }): Answer {
  return answer(routeCall, ({ callId, dialled }): Promise<Route> => {
    const route = routeExtension(plan, dialled);
    log.debug('call.routed', { callId, route: route.kind });
    return Promise.resolve(route);
  });
}
