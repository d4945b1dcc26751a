import { type Answer, answer } from '@callweave/bus';
import { routeCall } from '@callweave/contracts';
import { counter, type Logger } from '@callweave/telemetry';
import { type DialPlan, type Route, routeExtension } from './dial-plan.ts';
import { callsRouted } from './metrics.ts';
import { asSet, type SettingsDirectory } from './user-settings.ts';

export interface RouteDeps {
  readonly plan: DialPlan;
  readonly settings: SettingsDirectory;
  readonly log: Logger;
}

/** Answers where a call goes, for every tenant. */
export function answerRoute({ plan, settings, log }: RouteDeps): Answer {
  const routed = counter(callsRouted);
  return answer(routeCall, ({ callId, tenant, dialled }): Promise<Route> => {
    const route = asSet(routeExtension(plan, dialled), tenant, settings);
    const to = route.kind === 'reject' ? String(route.status) : (route.targets[0]?.kind ?? 'none');
    routed.add(1, { to });
    log.debug('call.routed', { callId, to });
    return Promise.resolve(route);
  });
}
