import { Module, type DynamicModule } from '@nestjs/common';
import type { Catalog } from '@lifeboat/catalog';
import type { Ingest } from '@lifeboat/ingest';
import type { Jobs } from '@lifeboat/jobs';
import type { Clock, Random } from '@lifeboat/model';
import type { Store } from '@lifeboat/store';
import type { Logger } from 'pino';
import type { ServerConfig } from '../config/server-config.js';
import type { ServerKey } from '../config/server-key.js';
import { ChangeLog } from './change-log.js';
import { RoomSequences } from './room-sequences.js';
import { ServerLedger } from './server-ledger.js';
import { CATALOG, CLOCK, CONFIG, INGEST, JOBS, LOGGER, RANDOM, SERVER_KEY, STORE } from './tokens.js';

/** Everything the application stands on, opened before Nest starts and closed after it by whoever opened it. */
export type Platform = Readonly<{
  config: ServerConfig; serverKey: ServerKey; store: Store; ingest: Ingest; catalog: Catalog; jobs: Jobs; clock: Clock; random: Random; log: Logger; ledger: ServerLedger;
}>;

@Module({})
class PlatformModule {}

/** Offers the platform to the feature modules. */
export function platformModule(platform: Platform): DynamicModule {
  const providers = [
    { provide: STORE, useValue: platform.store },
    { provide: INGEST, useValue: platform.ingest },
    { provide: CATALOG, useValue: platform.catalog },
    { provide: JOBS, useValue: platform.jobs },
    { provide: CLOCK, useValue: platform.clock },
    { provide: RANDOM, useValue: platform.random },
    { provide: LOGGER, useValue: platform.log },
    { provide: CONFIG, useValue: platform.config },
    { provide: SERVER_KEY, useValue: platform.serverKey },
    { provide: ServerLedger, useValue: platform.ledger },
    ChangeLog,
    RoomSequences,
  ];
  return { module: PlatformModule, providers, exports: providers };
}
