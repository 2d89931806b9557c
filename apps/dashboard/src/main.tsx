import '@mantine/core/styles.css';
import './theme/global.css';
import { MantineProvider, localStorageColorSchemeManager } from '@mantine/core';
import { QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { z } from 'zod';
import { RequestRefused, isLoggedOut } from './api/request-errors.js';
import { LiveConnection } from './live/live-connection.js';
import { LiveContext } from './live/use-live-room.js';
import { createPageRouter } from './router.js';
import { paletteVariables, theme } from './theme/theme.js';

// The content security policy forbids making code from text, which zod would try first.
z.config({ jitless: true });

const client = new QueryClient({
  queryCache: new QueryCache({
    onError: (error) => {
      if (!isLoggedOut(error) || router.state.location.pathname === '/login') return;
      live.stop();
      client.clear();
      void router.navigate({ to: '/login', search: { next: router.state.location.href } });
    },
  }),
  defaultOptions: { queries: { staleTime: 10_000, retry: (failures, error) => !(error instanceof RequestRefused) && failures < 2 } },
});
const live = new LiveConnection();
const router = createPageRouter(client);

const place = document.getElementById('root');
if (place !== null) {
  createRoot(place).render(
    <StrictMode>
      <MantineProvider theme={theme} cssVariablesResolver={paletteVariables} colorSchemeManager={localStorageColorSchemeManager({ key: 'lifeboat-colours' })} defaultColorScheme="auto">
        <QueryClientProvider client={client}>
          <LiveContext value={live}>
            <RouterProvider router={router} />
          </LiveContext>
        </QueryClientProvider>
      </MantineProvider>
    </StrictMode>,
  );
}
