import { defineConfig } from 'vite';

export default defineConfig({
  root: 'web',
  base: './',
  build: {
    outDir: '../dist/web',
    emptyOutDir: true,
    target: 'es2023',
    // Everything the page needs is in one file; the polyfill would be an inline script.
    modulePreload: false,
    assetsInlineLimit: 0,
  },
});
