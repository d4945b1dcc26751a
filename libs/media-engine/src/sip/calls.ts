import { type Clock } from '@callweave/clock';
import { type AgreedAudio, answerOffer, type LocalAudio, makeOffer, readAnswer, SdpError } from '@callweave/sdp';
import { counter, type Logger } from '@callweave/telemetry';
import { Channel, type ChannelDeps } from '../channel/channel.ts';
import { hangupCause, reasonHeader } from '../channel/hangup-cause.ts';
import { type CommandDeps } from '../control/commands.ts';
import { type EventHub } from '../control/event.ts';
import {
  connectToApplication,
  type OutboundAddress,
  OutboundSession,
  parseOutboundAddress,
} from '../control/outbound.ts';
import { CallRefusedError } from '../errors.ts';
import { AudioStream } from '../media/audio-stream.ts';
import { openMediaPort } from '../media/media-port.ts';
import { type Pacer } from '../media/pacer.ts';
import { type PortPool } from '../media/port-pool.ts';
import { channelsRefused } from '../metrics.ts';
import { type MediaEngineLimits } from '../options.ts';
import { describeCall, describeMedia } from './call-variables.ts';
import { type IncomingSip, type SipContent, type SipHeaders } from './sip-link.ts';

/** What calls need of SIP. */
export interface CallSignalling {
  readonly hostPort: string;
  respond(incoming: IncomingSip, status: number, content?: SipContent): void;
  request(method: string, dialogId: string, headers: SipHeaders): void;
}

export interface CallsDeps {
  readonly sip: () => CallSignalling;
  readonly channels: Map<string, Channel>;
  readonly rtpAddress: string;
  readonly ports: PortPool;
  readonly pacer: Pacer;
  readonly limits: MediaEngineLimits;
  readonly admits: (address: string) => boolean;
  readonly isDraining: () => boolean;
  readonly commands: CommandDeps;
  readonly hub: EventHub;
  readonly sounds: ChannelDeps['sounds'];
  readonly profile: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** One call from its INVITE on. */
interface Call {
  readonly dialogId: string;
  readonly local: LocalAudio;
  readonly invite: IncomingSip;
  channel: Channel | undefined;
  session: OutboundSession | undefined;
  /** An offer of ours waits for its answer in the ACK. */
  isOffering: boolean;
  /** The caller has given up before we answered. */
  isGone: boolean;
}

const ALLOW = 'INVITE, ACK, BYE, CANCEL, OPTIONS, INFO';
const CONTACT: SipHeaders = { Contact: '<sip:drachtio@localhost>', Allow: ALLOW };
const CODECS: LocalAudio['codecs'] = ['PCMU', 'PCMA'];

/** The calls of this server: each INVITE of drachtio-fsmrf becomes a channel with an application. RFC 3261 §13.3. */
export class Calls {
  readonly #deps: CallsDeps;
  readonly #calls = new Map<string, Call>();
  readonly #refused = counter(channelsRefused);

  constructor(deps: CallsDeps) {
    this.#deps = deps;
  }

  /** Calls that hold anything. */
  get size(): number {
    return this.#calls.size;
  }

  onRequest(incoming: IncomingSip): void {
    const { request, dialogId } = incoming;
    const call = this.#calls.get(dialogId === '' ? dialogIdOf(incoming) : dialogId);
    switch (request.method) {
      case 'INVITE':
        if (call === undefined) this.#invite(incoming);
        else this.#renegotiate(call, incoming);
        return;
      case 'ACK':
        if (call !== undefined) this.#acknowledged(call, incoming);
        return;
      case 'CANCEL':
        if (call !== undefined) this.#cancelled(call);
        return;
      case 'BYE':
        this.#bye(call, incoming);
        return;
      case 'OPTIONS':
      case 'INFO':
        this.#sip.respond(incoming, 200, { headers: { Allow: ALLOW } });
        return;
      default:
        this.#sip.respond(incoming, 405, { headers: { Allow: ALLOW } });
    }
  }

  get #sip(): CallSignalling {
    return this.#deps.sip();
  }

  #invite(incoming: IncomingSip): void {
    if (incoming.request.toTag !== undefined) {
      this.#sip.respond(incoming, 481);
      return;
    }
    const call: Call = {
      dialogId: dialogIdOf(incoming),
      invite: incoming,
      local: this.#newLocal(),
      channel: undefined,
      session: undefined,
      isOffering: incoming.request.body.length === 0,
      isGone: false,
    };
    this.#calls.set(call.dialogId, call);
    this.#answer(call).catch((error: unknown) => this.#refuse(call, error));
  }

  async #answer(call: Call): Promise<void> {
    const { request, peer } = call.invite;
    const { admits, limits, isDraining, clock, pacer, rtpAddress: address, ports: pool, log } = this.#deps;
    if (peer === undefined || !admits(peer)) throw new CallRefusedError(403, 'not one of our peers');
    if (isDraining()) throw new CallRefusedError(503, 'draining');
    if (this.#calls.size > limits.maxChannels) throw new CallRefusedError(503, 'too many calls');
    const application = this.#applicationOf(call);
    const port = await openMediaPort({ address, pool, log });
    const stream = new AudioStream(port);
    let session: OutboundSession | undefined;
    try {
      const local = { ...call.local, port: port.port };
      const { agreed, body } = negotiate(call, local);
      const socket = await connectToApplication(application, { clock, timeoutMs: limits.connectMs });
      const channel = this.#newChannel(call, stream);
      if (agreed !== undefined) agree(channel, agreed, request.body.toString('utf8'));
      describeCall(channel.variables, { request, peer, profile: this.#deps.profile, sip: this.#sip.hostPort });
      describeMedia(channel.variables, { stream, local, sdp: body });
      channel.variables.set('socket_host', `${application.host}:${application.port}`);
      const { commands, hub } = this.#deps;
      const onClosed = (): void => channel.hangUp(hangupCause(), true);
      session = new OutboundSession(socket, { channel, commands, hub, log, onClosed });
      Object.assign(call, { channel, session, local });
      if (call.isGone) {
        channel.hangUp(hangupCause(), false);
        return;
      }
      this.#deps.channels.set(channel.uuid, channel);
      pacer.add(channel);
      this.#sip.respond(call.invite, 200, { headers: CONTACT, body });
      log.info('channel.answered', { channel: channel.uuid, callId: request.callId, codec: agreed?.codec.name });
    } catch (error) {
      session?.end();
      stream.close();
      throw error;
    }
  }

  /** Where the application of a call is; only drachtio-fsmrf's calls have one. */
  #applicationOf({ invite: { request } }: Call): OutboundAddress {
    const isOurs = /^drachtio-fsmrf:\S+$/.test(request.headers.get('user-agent') ?? '');
    const application = parseOutboundAddress(request.headers.get('x-esl-outbound') ?? '');
    if (!isOurs || application === undefined) throw new CallRefusedError(404, 'no application');
    if (!this.#deps.admits(application.host)) throw new CallRefusedError(403, 'application not one of our peers');
    return application;
  }

  #newChannel(call: Call, stream: AudioStream): Channel {
    const { commands, sounds, log, channels, pacer } = this.#deps;
    const uuid = commands.newUuid();
    const channel: Channel = new Channel({
      uuid,
      name: `sofia/${this.#deps.profile}/${call.invite.peer ?? ''}`,
      stream,
      sounds,
      publish: (name, headers) => commands.events.publish({ name, headers }),
      onOver: (cause, byUs) => {
        if (byUs) this.#sip.request('BYE', call.dialogId, { Reason: reasonHeader(cause) });
        pacer.remove(channel);
        channels.delete(uuid);
        this.#calls.delete(call.dialogId);
        call.session?.end();
        log.info('channel.over', { channel: uuid, cause: cause.name });
      },
    });
    return channel;
  }

  #refuse(call: Call, error: unknown): void {
    this.#calls.delete(call.dialogId);
    const status = error instanceof CallRefusedError || error instanceof SdpError ? error.status : 500;
    this.#refused.add(1, { status: String(status) });
    const { log } = this.#deps;
    if (status === 500) log.error('channel.failed', { err: error });
    else log.warn('channel.refused', { status, err: error });
    const headers: SipHeaders = status === 503 ? { 'Retry-After': '5' } : {};
    this.#sip.respond(call.invite, status, { headers });
  }

  /** A second offer in the same call: hold, resume, or another address. RFC 3261 §14.2. */
  #renegotiate(call: Call, incoming: IncomingSip): void {
    const { channel } = call;
    if (channel === undefined) {
      this.#sip.respond(incoming, 491);
      return;
    }
    const offer = incoming.request.body.toString('utf8');
    const local = { ...call.local, sessionVersion: call.local.sessionVersion + 1 };
    try {
      const { agreed, body } = negotiate({ ...call, invite: incoming, isOffering: offer === '' }, local);
      Object.assign(call, { local, isOffering: offer === '' });
      if (agreed !== undefined) agree(channel, agreed, offer);
      describeMedia(channel.variables, { stream: channel.stream, local, sdp: body });
      this.#sip.respond(incoming, 200, { headers: CONTACT, body });
    } catch (error) {
      if (!(error instanceof SdpError)) throw error;
      this.#sip.respond(incoming, error.status);
    }
  }

  #acknowledged(call: Call, { request }: IncomingSip): void {
    const { channel, session, local } = call;
    if (channel === undefined) return;
    if (call.isOffering && request.body.length > 0) {
      call.isOffering = false;
      const sdp = request.body.toString('utf8');
      try {
        agree(channel, withoutSelf(readAnswer(sdp, local), local), sdp);
        describeMedia(channel.variables, { stream: channel.stream, local });
      } catch (error) {
        if (!(error instanceof SdpError)) throw error;
        this.#deps.log.warn('channel.answer-unusable', { channel: channel.uuid, err: error });
        channel.hangUp(hangupCause('DESTINATION_OUT_OF_ORDER'), true);
        return;
      }
    }
    session?.acknowledged();
  }

  #cancelled(call: Call): void {
    call.isGone = true;
    call.channel?.hangUp(hangupCause(), false);
  }

  #bye(call: Call | undefined, incoming: IncomingSip): void {
    // A BYE the SIP engine has made itself is for our knowledge only.
    if (incoming.peer !== undefined) this.#sip.respond(incoming, call === undefined ? 481 : 200);
    call?.channel?.hangUp(hangupCause(), false);
  }

  #newLocal(): LocalAudio {
    const sessionId = Math.floor(this.#deps.clock.epochMs() / 1_000);
    return { address: this.#deps.rtpAddress, port: 0, codecs: CODECS, sessionId, sessionVersion: 1 };
  }
}

/** An answer to the offer of an INVITE, or an offer of ours when it has none. */
function negotiate(
  { invite, isOffering }: Pick<Call, 'invite' | 'isOffering'>,
  local: LocalAudio,
): { readonly agreed: AgreedAudio | undefined; readonly body: string } {
  if (isOffering) return { agreed: undefined, body: makeOffer(local) };
  const { agreed, answer } = answerOffer(invite.request.body.toString('utf8'), local);
  return { agreed: withoutSelf(agreed, local), body: answer };
}

/** drachtio-srf answers an offer with the offer itself when it has nothing better yet: there is no one to send to. */
function withoutSelf(agreed: AgreedAudio, { address, port }: LocalAudio): AgreedAudio {
  const isSelf = agreed.remote?.address === address && agreed.remote.port === port;
  return isSelf ? { ...agreed, remote: undefined } : agreed;
}

function agree(channel: Channel, agreed: AgreedAudio, sdp: string): void {
  channel.stream.agree(agreed);
  channel.variables.set('switch_r_sdp', sdp);
}

/** What the SIP engine will call the dialog of an INVITE. */
function dialogIdOf({ request }: IncomingSip): string {
  return `${request.callId};from-tag=${request.fromTag ?? ''}`;
}
