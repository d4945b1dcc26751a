import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestbed, type Testbed } from './testbed.ts';

let testbed: Testbed;

beforeAll(async () => {
  testbed = await startTestbed();
}, 120_000);

afterAll(async () => {
  await testbed.stop();
});

// The suite disconnects its application as soon as SIPp has ended, and counts on Docker taking longer to remove the
// container than the application to hear of SIPp's last response: uas.js disconnects when SIPp has answered the second
// NOTIFY, and an application that has not heard of that answer by then never reaches `dialog destroyed on terminated
// subscription`. Here there is no Docker to wait for, so SIPp has ended once the engine has told of what it sent.
describe('the suite of an unmodified drachtio-srf', () => {
  test.concurrent.each([
    ['utils.js', 27],
    ['proxy.js', 2],
    ['reinvite-tests.js', 1],
    ['uas.js', 8],
    ['refer.js', 1],
    ['uac.js', 19],
    ['b2b.js', 19],
  ])('%s: all %i assertions hold', { timeout: 240_000 }, async (file, assertions) => {
    const { passed, output } = await testbed.run(file);
    expect(output).not.toMatch(/^not ok/m);
    expect(passed, passed.join('\n')).toHaveLength(assertions);
  });
});
