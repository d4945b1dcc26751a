import { Headers } from '@callweave/sip';
import { describe, expect, test } from 'vitest';
import { appLines } from '../src/core/app-headers.ts';
import { type Protocol } from '../src/transport/transport.ts';

function contact(value: string, transport: Protocol): string {
  const headers = new Headers();
  headers.append('Contact', value);
  return appLines(headers, new Set(), '192.0.2.9:5061', transport).text.slice('Contact: '.length, -2);
}

describe('a Contact of an application at localhost leads to where the message leaves from', () => {
  test.each<[Protocol, string, string]>([
    ['udp', '<sip:a@localhost>', '<sip:a@192.0.2.9:5061>'],
    ['tls', 'sip:a@localhost', '<sip:a@192.0.2.9:5061;transport=tls>'],
    ['tcp', '<sip:localhost:5060;ob>;expires=60', '<sip:192.0.2.9:5061;transport=tcp;ob>;expires=60'],
    ['tls', '<sips:a@localhost;transport=TLS>', '<sips:a@192.0.2.9:5061;transport=TLS>'],
    ['wss', '<sip:a@example.com>', '<sip:a@example.com>'],
  ])('by %s: %s', (transport, value, expected) => {
    expect(contact(value, transport)).toBe(expected);
  });
});
