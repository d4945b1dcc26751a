import { createHmac, timingSafeEqual } from 'node:crypto';
import { FlowToken, type InstanceId } from '@callweave/contracts';

/** How a device is reached again: by this transport, from this socket of ours, at this address. */
export interface Flow {
  /** The engine that saw the device last. */
  readonly instance: InstanceId;
  readonly transport: string;
  /** `ip:port` of our socket. */
  readonly local: string;
  /** `ip:port` of the device as we saw it. */
  readonly remote: string;
}

const VERSION = 1;
const MAC_BYTES = 12;
const SEPARATOR = ' ';

/** Seals a flow as base64url(version, fields, HMAC), so that what comes back in a URI can be believed. */
export function sealFlow({ instance, transport, local, remote }: Flow, key: Uint8Array): FlowToken {
  const text = [VERSION, instance, transport, local, remote].join(SEPARATOR);
  const body = Buffer.from(text, 'utf8');
  return FlowToken.parse(Buffer.concat([body, mac(body, key)]).toString('base64url'));
}

/** Opens a token; undefined when nobody who holds the key sealed it. */
export function openFlow(token: string, key: Uint8Array): Flow | undefined {
  const bytes = Buffer.from(token, 'base64url');
  if (bytes.length <= MAC_BYTES || bytes.toString('base64url') !== token) return undefined;
  const body = bytes.subarray(0, -MAC_BYTES);
  if (!timingSafeEqual(mac(body, key), bytes.subarray(-MAC_BYTES))) return undefined;
  const [version, instance, transport, local, remote] = body.toString('utf8').split(SEPARATOR);
  if (version !== String(VERSION) || transport === undefined || local === undefined || remote === undefined)
    return undefined;
  return { instance: instance as InstanceId, transport, local, remote };
}

function mac(body: Uint8Array, key: Uint8Array): Buffer {
  return createHmac('sha256', key).update(body).digest().subarray(0, MAC_BYTES);
}
