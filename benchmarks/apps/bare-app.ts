// The least an application of drachtio-srf can do, for loading the engine it drives: `answer` takes every call, `bridge`
// makes it two with createB2BUA, `proxy` sends it on and stays in its path. Arguments: DEED CONTROL_PORT CALLEE.
import { createRequire } from 'node:module';
import process, { argv } from 'node:process';

interface Request {
  readonly body: string;
}
interface Response {
  send(status: number): void;
}
type Handler = (request: Request, response: Response) => void;

/** The part of drachtio-srf that is used here. */
interface Srf {
  connect(options: { host: string; port: number; secret: string }): void;
  on(event: 'connect', listener: (error: unknown) => void): void;
  invite(handler: Handler): void;
  createUAS(request: Request, response: Response, options: { localSdp: string }): Promise<Ended>;
  createB2BUA(
    request: Request,
    response: Response,
    uri: string,
    options: { localSdpB: string },
  ): Promise<Readonly<Record<'uas' | 'uac', Ended>>>;
  proxyRequest(
    request: Request,
    destination: string,
    options: { recordRoute: boolean; forking: string },
  ): Promise<unknown>;
}
interface Ended {
  on(event: 'destroy', listener: () => void): void;
  destroy(): void;
}

const [deed = '', controlPort = '', callee = ''] = argv.slice(2);
const load = createRequire(import.meta.url);
const srf = new (load('drachtio-srf') as new () => Srf)();
const uri = `sip:callee@${callee}`;

const deeds: Readonly<Record<string, (request: Request, response: Response) => Promise<unknown>>> = {
  answer: (request, response) => srf.createUAS(request, response, { localSdp: request.body }),
  bridge: async (request, response) => {
    const { uas, uac } = await srf.createB2BUA(request, response, uri, { localSdpB: request.body });
    uas.on('destroy', () => uac.destroy());
    uac.on('destroy', () => uas.destroy());
  },
  proxy: (request) => srf.proxyRequest(request, uri, { recordRoute: true, forking: 'sequential' }),
};

const perform = deeds[deed];
if (perform === undefined) throw new Error(`no such deed: ${deed}`);
srf.invite((request, response) => {
  // A call that its caller gave up is no concern of a benchmark: SIPp counts it.
  perform(request, response).catch(() => undefined);
});
srf.on('connect', (error) => {
  if (error === undefined || error === null) process.send?.('connected');
});
srf.connect({ host: '127.0.0.1', port: Number(controlPort), secret: 'cymru' });
