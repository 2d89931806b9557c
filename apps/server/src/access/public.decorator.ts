import { SetMetadata } from '@nestjs/common';

export const PUBLIC_ROUTE = 'lifeboat:public-route';

/** Opens a route to callers without a login. Everything else is closed. */
export const PublicRoute = (): ReturnType<typeof SetMetadata> => SetMetadata(PUBLIC_ROUTE, true);
