import { version } from '@callweave/service';
import { type Command } from 'commander';

/** `callweave version` */
export function addVersion(program: Command): void {
  program
    .command('version')
    .description('print the versions of Callweave and Node')
    .action(() => console.log(`callweave ${version} (node ${process.versions.node})`));
}
