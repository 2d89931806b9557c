import type { QueryClient } from '@tanstack/react-query';
import { createRootRouteWithContext, createRoute, createRouter, lazyRouteComponent, redirect } from '@tanstack/react-router';
import { z } from 'zod';
import { RetentionPolicy, RetentionScope } from '@lifeboat/model';
import { sessionQuery } from './api/queries.js';
import { isLoggedOut } from './api/request-errors.js';
import { FleetPage } from './fleet/fleet-page.js';
import { fleetSorts } from './fleet/arrange-fleet.js';
import { JobsPage } from './jobs/jobs-page.js';
import { LoginPage } from './login/login-page.js';
import { Shell } from './shell/shell.js';
import { NotFound, PageFailed } from './shell/fallbacks.js';

const root = createRootRouteWithContext<{ client: QueryClient }>()({ notFoundComponent: NotFound, errorComponent: PageFailed });

/** Only paths of this page may be returned to after login. */
const LoginSearch = z.object({ next: z.string().regex(/^\/(?!\/)/).optional().catch(undefined) });
const login = createRoute({ getParentRoute: () => root, path: '/login', component: LoginPage, validateSearch: (search) => LoginSearch.parse(search) });

const inside = createRoute({
  getParentRoute: () => root,
  id: 'inside',
  component: Shell,
  beforeLoad: async ({ context, location }) => {
    await context.client.query({ ...sessionQuery, staleTime: 'static' }).catch((error: unknown) => {
      if (isLoggedOut(error)) redirect({ to: '/login', search: location.pathname === '/' ? {} : { next: location.href }, throw: true });
      // Otherwise the page opens: it shows what cannot be reached and tries again by itself.
    });
  },
});

const home = createRoute({
  getParentRoute: () => inside, path: '/', beforeLoad: () => { redirect({ to: '/fleet', throw: true }); },
});

const FleetSearch = z.object({
  q: z.string().max(200).optional().catch(undefined),
  state: z.string().max(100).optional().catch(undefined),
  sort: z.enum(fleetSorts).optional().catch(undefined),
  page: z.number().int().min(1).optional().catch(undefined),
});
const fleet = createRoute({ getParentRoute: () => inside, path: '/fleet', component: FleetPage, validateSearch: (search) => FleetSearch.parse(search) });

const MachineSearch = z.object({
  point: z.string().max(32).optional().catch(undefined),
  range: z.enum(['7d', '30d', '1y', 'all']).optional().catch(undefined),
  page: z.number().int().min(1).optional().catch(undefined),
});
const machine = createRoute({
  getParentRoute: () => inside,
  path: '/machines/$machineId',
  component: lazyRouteComponent(() => import('./machine/machine-page.js'), 'MachinePage'),
  validateSearch: (search) => MachineSearch.parse(search),
});

const jobs = createRoute({ getParentRoute: () => inside, path: '/jobs', component: JobsPage });

const storage = createRoute({ getParentRoute: () => inside, path: '/storage', component: lazyRouteComponent(() => import('./storage/storage-page.js'), 'StoragePage') });

const SimulateSearch = z.object({
  floor: z.number().int().min(0).max(90).optional().catch(undefined),
  days: z.number().int().min(1).max(90).optional().catch(undefined),
  scope: RetentionScope.optional().catch(undefined),
  rules: RetentionPolicy.optional().catch(undefined),
});
const simulate = createRoute({
  getParentRoute: () => inside,
  path: '/storage/simulate',
  component: lazyRouteComponent(() => import('./simulate/simulate-page.js'), 'SimulatePage'),
  validateSearch: (search) => SimulateSearch.parse(search),
});

const policies = createRoute({ getParentRoute: () => inside, path: '/policies', component: lazyRouteComponent(() => import('./policies/policies-page.js'), 'PoliciesPage') });

const routeTree = root.addChildren([login, inside.addChildren([home, fleet, machine, jobs, storage, simulate, policies])]);

/** The pages by address. Filters, sort and selection are in the address, so that a link shows the same thing to someone else. */
export function createPageRouter(client: QueryClient) {
  return createRouter({ routeTree, context: { client }, defaultPreload: false, scrollRestoration: true });
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof createPageRouter>;
  }
}
