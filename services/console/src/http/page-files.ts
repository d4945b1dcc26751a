import { readdirSync, readFileSync } from 'node:fs';
import { extname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type FastifyInstance } from 'fastify';

/** What the page is made of, as `vite build` left it: beside the sources and beside what is built of them. */
const FOLDER = fileURLToPath(new URL('../../dist/web', import.meta.url));

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** Serves the page: a few small files, read once. */
export function servePage(app: FastifyInstance): void {
  for (const entry of readdirSync(FOLDER, { withFileTypes: true, recursive: true })) {
    const type = types[extname(entry.name)];
    if (!entry.isFile() || type === undefined) continue;
    const file = join(entry.parentPath, entry.name);
    const path = relative(FOLDER, file);
    const content = readFileSync(file);
    // Names in `assets` carry a hash of their content.
    const caching = path.startsWith('assets/') ? 'public, max-age=31536000, immutable' : 'no-cache';
    app.get(path === 'index.html' ? '/' : `/${path}`, (_request, reply) =>
      reply.type(type).header('cache-control', caching).send(content),
    );
  }
}
