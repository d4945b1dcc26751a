import { EventEmitter } from 'node:events';

/** What has to be sent to make a call to a media server. */
export interface MediaInvite {
  readonly uri: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly sdp: string;
}

/** A call with a media server. */
export interface MediaCall {
  readonly remoteSdp: string;
  /** Offers another description and gives the answer. */
  modify(sdp: string): Promise<string>;
  hangUp(): void;
  /** Calls back once, when the call is over, whoever ended it. */
  onEnded(listener: () => void): void;
}

/** Whoever can call a media server by SIP. Rejects with an error whose `status` is the answer. */
export interface MediaDialer {
  call(invite: MediaInvite): Promise<MediaCall>;
}

/** The face of drachtio-srf that drachtio-fsmrf sees: it makes calls and nothing else. */
export function srfFace(dialer: MediaDialer): { createUAC(uri: string, options: UacOptions): Promise<FsmrfDialog> } {
  return {
    createUAC: async (uri, { headers, localSdp }) =>
      new FsmrfDialog(await dialer.call({ uri, headers, sdp: localSdp })),
  };
}

interface UacOptions {
  readonly headers: Readonly<Record<string, string>>;
  readonly localSdp: string;
}

/** What drachtio-fsmrf knows of a call: it ends it, changes it, and listens for its end. */
class FsmrfDialog extends EventEmitter {
  readonly remote: { sdp: string };
  readonly #call: MediaCall;

  constructor(call: MediaCall) {
    super();
    this.#call = call;
    this.remote = { sdp: call.remoteSdp };
    call.onEnded(() => this.emit('destroy'));
  }

  destroy(): void {
    this.#call.hangUp();
  }

  async modify(sdp: string): Promise<string> {
    this.remote.sdp = await this.#call.modify(sdp);
    return this.remote.sdp;
  }
}
