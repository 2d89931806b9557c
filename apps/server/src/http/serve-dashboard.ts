import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { NextFunction, Request, Response } from 'express';

/** The built dashboard of this checkout; `src/http` and `dist/http` lie equally deep. */
export const dashboardDir = fileURLToPath(new URL('../../../dashboard/dist', import.meta.url));

/** Serves the dashboard's files, and its one page for every other address that a browser asks for. Does nothing when it was not built. */
export function serveDashboard(app: NestExpressApplication, directory: string = dashboardDir): void {
  const page = join(directory, 'index.html');
  if (!existsSync(page)) return;
  app.useStaticAssets(directory, {
    index: false,
    // Names of built files carry a hash of their content.
    setHeaders: (response: Response, path: string) => { response.setHeader('Cache-Control', path.startsWith(join(directory, 'assets')) ? 'public, max-age=31536000, immutable' : 'no-cache'); },
  });
  app.use((request: Request, response: Response, next: NextFunction) => {
    const wantsPage = (request.method === 'GET' || request.method === 'HEAD') && !/^\/(api|socket\.io|data|healthz|readyz)(\/|$)/.test(request.path) && request.accepts('html') === 'html';
    if (!wantsPage) next();
    else response.setHeader('Cache-Control', 'no-cache').sendFile(page);
  });
}
