import { randomBytes, randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { operatorUser } from '@callweave/bus';
import { serviceProfiles } from '@callweave/contracts';
import { z } from 'zod';
import { StateFileError } from './errors.ts';
import { writePrivate } from './private-file.ts';

/** What is generated once for a state directory and kept there. */
const Secrets = z.object({
  /** Password of each service's user on the bus, and of `operator`. */
  natsPasswords: z.record(z.string(), z.string().min(1)),
  /** What an engine asks its applications for. */
  engineSecret: z.string().min(1),
  /** What people sign in to the console with. */
  consoleToken: z.string().min(1),
  /** Passwords of the demo subscribers. */
  accounts: z.record(z.string(), z.string().min(1)),
});
export type Secrets = z.infer<typeof Secrets>;

const StoredSecrets = Secrets.partial();

/** Subscribers made on the first run. */
export const demoUsers = ['alice', 'bob'] as const;

/** Letters and digits that are not taken for one another. */
const ALPHABET = 'abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789';
const PASSWORD_CHARS = 16;

/** Reads the secrets in `file`, making up what is missing. Throws `StateFileError`. */
export function loadSecrets(file: string): Secrets {
  const stored = read(file);
  const generated: Secrets = {
    natsPasswords: Object.fromEntries([operatorUser, ...serviceProfiles.map(({ name }) => name)].map(withPassword)),
    engineSecret: randomBytes(24).toString('base64url'),
    consoleToken: randomBytes(24).toString('base64url'),
    accounts: Object.fromEntries(demoUsers.map(withPassword)),
  };
  const secrets: Secrets = {
    natsPasswords: { ...generated.natsPasswords, ...stored?.natsPasswords },
    engineSecret: stored?.engineSecret ?? generated.engineSecret,
    consoleToken: stored?.consoleToken ?? generated.consoleToken,
    accounts: { ...generated.accounts, ...stored?.accounts },
  };
  writePrivate(file, `${JSON.stringify(secrets, undefined, 2)}\n`);
  return secrets;
}

function withPassword(name: string): [string, string] {
  return [name, Array.from({ length: PASSWORD_CHARS }, () => ALPHABET.charAt(randomInt(ALPHABET.length))).join('')];
}

function read(file: string): z.infer<typeof StoredSecrets> | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return StoredSecrets.parse(JSON.parse(text));
  } catch (error) {
    throw new StateFileError(`${file} cannot be read: put it right, or remove it for new passwords`, { cause: error });
  }
}
