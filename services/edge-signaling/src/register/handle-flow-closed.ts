import { type RequestHandler } from '@callweave/srf';
import { type Logger } from '@callweave/telemetry';
import { type RegisterDeps } from './handle-register.ts';
import { parseRegister } from './parse-register.ts';
import { requestFlow } from './request-flow.ts';

type FlowClosedDeps = Pick<RegisterDeps, 'registrar' | 'tenants' | 'engineInstance' | 'ownAddress' | 'sealFlow'> & {
  readonly log: Logger;
};

/**
 * Handles FLOW-CLOSED, by which our engine tells that the connection of a registered device is gone: what can be
 * reached by it alone is removed now, not when it expires. RFC 5626 §7. From the network it is no method.
 */
export function flowClosedHandler(deps: FlowClosedDeps): RequestHandler {
  const { registrar, tenants, sealFlow, log } = deps;
  return async (request) => {
    if (!request.isFromEngine) {
      await request.reply({ status: 405 });
      return;
    }
    const parsed = parseRegister(request);
    if (parsed.kind === 'refuse') return;
    const { user, domain } = parsed.facts;
    const { tenant } = tenants.byDomain(domain);
    const flow = sealFlow(requestFlow(request, deps));
    const { removed } = await registrar.flowClosed({ tenant, user, flow });
    log.info('flow.closed', { tenant, user, transport: request.transport, removed });
  };
}
