import react from '@vitejs/plugin-react';
import { defaultClientConditions, defineConfig } from 'vite';

/** Where `vite dev` finds a running server. */
const devServer = 'http://127.0.0.1:8420';

export default defineConfig({
  plugins: [react()],
  resolve: { conditions: ['@lifeboat/source', ...defaultClientConditions] },
  // The server's content security policy allows files of its own origin only: nothing may become a data: URL.
  build: { outDir: 'dist', emptyOutDir: true, assetsInlineLimit: 0, modulePreload: { polyfill: false }, chunkSizeWarningLimit: 900 },
  server: { proxy: { '/api': devServer, '/socket.io': { target: devServer, ws: true } } },
});
