import { isIP } from 'node:net';
import { type ContactOption, parseNetworks, type Protocol, protocols } from '@callweave/sip-engine';
import { type Given, type GivenContact } from './source.ts';

/** Reads a contact as drachtio-server writes it; tells each problem, and returns undefined when it has one. */
export function readContact(given: GivenContact, problem: (text: string) => void): ContactOption | undefined {
  const { text, from } = given.uri;
  const match = /^(sips?):(\[[0-9a-fA-F:.]+\]|[^:;[\]]+)(?::(\d{1,5}))?((?:;[^;]*)*)$/.exec(text);
  if (match === null) {
    problem(`${from} must be like sip:192.0.2.1:5060;transport=udp,tcp: ${text}`);
    return undefined;
  }
  const [, scheme = 'sip', host = '', portText, params = ''] = match;
  const address = host.replace(/^\[|\]$/g, '');
  const isSecure = scheme === 'sips';
  const named = params.split(';').find((param) => param.startsWith('transport='));
  const transports = readTransports(named?.slice('transport='.length), isSecure, (reason) =>
    problem(`${from} ${reason}: ${text}`),
  );
  const port = Number(portText ?? (transports.every((protocol) => protocol === 'tls') ? 5061 : 5060));
  if (address !== '*' && isIP(address) === 0) problem(`${from} has no IP address: ${text}`);
  if (port > 65_535) problem(`${from} has no such port: ${text}`);
  const { externalIp, localNet, dnsNames } = given;
  if (externalIp !== undefined && isIP(externalIp.text) === 0) {
    problem(`${externalIp.from} is no IP address: ${externalIp.text}`);
  }
  if (localNet !== undefined && !isNetwork(localNet)) {
    problem(`${localNet.from} is no network such as 10.0.0.0/8 or 10.0.0.0/8,192.168.0.0/16: ${localNet.text}`);
  }
  return {
    ...{ address, port, protocols: transports },
    ...(externalIp !== undefined && { externalIp: externalIp.text }),
    ...(localNet !== undefined && { localNet: localNet.text }),
    ...(dnsNames !== undefined && { dnsNames }),
  };
}

/**
 * The contacts that need no certificate, and warnings about the others: drachtio-server is shipped with a file that lists
 * them all, and starts. Where no other is left nothing is left out.
 */
export function withoutTls(contacts: readonly GivenContact[], warnings: string[]): readonly GivenContact[] {
  const plain = contacts.filter(({ uri }) => !/^sips:/i.test(uri.text));
  if (plain.length === 0) return contacts;
  for (const { uri } of contacts.filter((contact) => !plain.includes(contact)))
    warnings.push(`${uri.from} has no effect: ${uri.text} needs a certificate, <sip/tls/cert-file>`);
  return plain;
}

function readTransports(text: string | undefined, isSecure: boolean, problem: (reason: string) => void): Protocol[] {
  if (text === undefined) return isSecure ? ['tls'] : ['udp', 'tcp'];
  const found: Protocol[] = [];
  for (const name of text.toLowerCase().split(',')) {
    const protocol = protocols.find((known) => known === name);
    if (protocol === undefined) problem(`has an unknown transport ${name}`);
    else if (isSecure && protocol !== 'tls' && protocol !== 'wss') {
      problem(`wants TLS by sips: and ${name}, which is without`);
    } else found.push(protocol);
  }
  return [...new Set(found)];
}

function isNetwork({ text }: Given): boolean {
  try {
    parseNetworks(text);
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}
