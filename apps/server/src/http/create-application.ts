import type { NestApplicationOptions } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { seconds } from '@lifeboat/model';
import { appModule } from '../app.module.js';
import { DataPlane } from '../data-plane/data-plane.js';
import type { Platform } from '../platform/platform.module.js';
import { NestLog } from './nest-log.js';
import { RefusalFilter } from './refusal.filter.js';
import { securityHeaders } from './security-headers.js';
import { serveDashboard } from './serve-dashboard.js';
import { ServerIoAdapter } from './server-io.adapter.js';

/** Bytes of the largest JSON body: a start of ten thousand computers fits. */
const bodyBytesMax = '4mb';

/** Makes the application, ready to listen; nothing is open to the network yet. */
export async function createApplication(platform: Platform): Promise<NestExpressApplication> {
  const options: Pick<NestApplicationOptions, 'logger' | 'bodyParser' | 'abortOnError'> = { logger: new NestLog(platform.log), bodyParser: false, abortOnError: false };
  const app = await NestFactory.create<NestExpressApplication>(appModule(platform), options);
  app.disable('x-powered-by');
  app.use(securityHeaders);
  serveDashboard(app);
  app.useBodyParser('json', { limit: bodyBytesMax });
  app.useGlobalFilters(new RefusalFilter(platform.log));
  app.useWebSocketAdapter(new ServerIoAdapter(app));
  await app.init();
  const server = app.getHttpServer();
  // A peer that dribbles its request must not hold a connection for long.
  server.headersTimeout = seconds(15);
  server.requestTimeout = seconds(60);
  app.get(DataPlane).listen(server);
  return app;
}
