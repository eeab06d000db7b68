import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { compiledCatalogues } from './build/compiled-catalogues.ts';
import { onlyOurLocales } from './build/only-our-locales.ts';

// Assets are never inlined: the page's policy admits nothing but its own origin, data: addresses included.
export default defineConfig({
  root: import.meta.dirname,
  plugins: [react(), compiledCatalogues(), onlyOurLocales()],
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 900,
    reportCompressedSize: false,
  },
});
