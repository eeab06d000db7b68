import { resolve } from 'node:path';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { compiledCatalogues } from './build/compiled-catalogues.ts';
import { onlyOurLocales } from './build/only-our-locales.ts';

// Assets are never inlined: the page's policy admits nothing but its own origin, data: addresses included.
export default defineConfig({
  root: import.meta.dirname,
  plugins: [react(), compiledCatalogues(), onlyOurLocales()],
  resolve: {
    alias: {
      // KaTeX's output is read by a parser in JavaScript: the browser's own would meet our ban on inline styles, which it
      // applies to style attributes even in a document that is never shown.
      'hast-util-from-html-isomorphic': resolve(
        import.meta.dirname,
        '../node_modules/hast-util-from-html-isomorphic/lib/index.js',
      ),
    },
  },
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 900,
    reportCompressedSize: false,
  },
});
