import { expect, test } from 'vitest';
import { startPlatform } from '../support/platform.ts';

test('wrong settings of several services end the start with all of them at once, and exit code 78', async () => {
  const starting = startPlatform({
    CALLWEAVE_AUTH_NONCE_SEC: 'soon',
    CALLWEAVE_REGISTRAR_MIN_EXPIRES_SEC: '7200',
    CALLWEAVE_REGISTRAR_MAX_EXPIRES_SEC: '600',
  });
  const failure: unknown = await starting.catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(Error);
  expect(failure).toMatchObject({ cause: { message: 'the platform ended with 78' } });
  const said = String(failure);
  expect(said).toContain('wrong configuration');
  expect(said.split('CALLWEAVE_AUTH_NONCE_SEC:')).toHaveLength(2);
  expect(said.split('CALLWEAVE_REGISTRAR_MIN_EXPIRES_SEC: above CALLWEAVE_REGISTRAR_MAX_EXPIRES_SEC')).toHaveLength(2);
});
