import { randomInt } from 'node:crypto';
import { operatorUser } from '@callweave/bus';
import { serviceProfiles } from '@callweave/contracts';
import { type Command } from 'commander';
import { natsPasswordVariable } from '../password-variables.ts';

const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';
const LETTERS_AND_DIGITS = `${LETTERS}0123456789`;
/** 190 bits. */
const SECRET_CHARS = 32;

/** `callweave secrets` */
export function addSecrets(program: Command): void {
  program
    .command('secrets')
    .description('make up every secret of a platform and print them as lines of an environment file')
    .action(() => {
      const users = [operatorUser, ...serviceProfiles.map(({ name }) => name)];
      const names = [...users.map(natsPasswordVariable), 'ENGINE_SECRET', 'MEDIA_SECRET', 'CONSOLE_TOKEN'];
      for (const name of names) console.log(`${name}=${createSecret()}`);
    });
}

/** Begins with a letter: nats-server would take what begins with a digit for a number. */
function createSecret(): string {
  const pick = (chars: string): string => chars.charAt(randomInt(chars.length));
  return pick(LETTERS) + Array.from({ length: SECRET_CHARS - 1 }, () => pick(LETTERS_AND_DIGITS)).join('');
}
