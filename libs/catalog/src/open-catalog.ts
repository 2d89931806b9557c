import { PrismaPg } from '@prisma/adapter-pg';
import type { Catalog } from './catalog.js';
import { PrismaComputerRepository } from './computers/prisma-computer-repository.js';
import { migrateDatabase } from './database/migrate-database.js';
import { parseDatabaseUrl } from './database/parse-database-url.js';
import { prepareDatabase } from './database/prepare-database.js';
import { PrismaDrillRepository } from './drills/prisma-drill-repository.js';
import { PrismaEnrolmentRepository } from './enrolments/prisma-enrolment-repository.js';
import { PrismaClient } from './generated/client.js';
import { PrismaJobRepository } from './jobs/prisma-job-repository.js';
import type { PgConnection } from './pg-connection.js';
import { PrismaPointRepository } from './points/prisma-point-repository.js';
import { PrismaPolicyRepository } from './policies/prisma-policy-repository.js';
import { LedgerProjection } from './projection/ledger-projection.js';
import { readWatermark } from './projection/watermark-row.js';
import { PrismaRetentionRepository } from './retention/prisma-retention-repository.js';
import { PrismaSpaceRepository } from './retention/prisma-space-repository.js';
import { PrismaTokenRepository } from './tokens/prisma-token-repository.js';

const poolConnectionsMax = 8;
const connectMaxMs = 10_000;

/** Where the catalog lives: settings, as the embedded PostgreSQL gives them, or the address of a server. */
export type CatalogPlace = Readonly<{ connection: PgConnection } | { databaseUrl: string }> & {
  /** Folder with the migrations, `prisma/migrations` of the repository. */
  readonly migrationsDir: string;
  /** Told when an idle connection breaks; queries open a new one by themselves. */
  readonly onConnectionLost?: (error: Error) => void;
};

/**
 * Opens the catalog: creates the database when missing, checks the server, applies migrations.
 *
 * @throws DatabaseUrlInvalid (DATABASE_URL_INVALID)
 * @throws DatabaseUnreachable (DATABASE_UNREACHABLE)
 * @throws DatabaseUnsuitable (DATABASE_UNSUITABLE)
 * @throws DatabaseMigrationFailed (DATABASE_MIGRATION_FAILED)
 */
export async function openCatalog(place: CatalogPlace): Promise<Catalog> {
  const connection = 'connection' in place ? place.connection : parseDatabaseUrl(place.databaseUrl);
  await prepareDatabase(connection);
  await migrateDatabase(connection, place.migrationsDir);
  const lost = (error: Error) => place.onConnectionLost?.(error);
  const adapter = new PrismaPg({ ...connection, max: poolConnectionsMax, connectionTimeoutMillis: connectMaxMs }, { onPoolError: lost, onConnectionError: lost });
  const prisma = new PrismaClient({ adapter });
  const projection = new LedgerProjection(prisma);
  return {
    connection,
    computers: new PrismaComputerRepository(prisma),
    points: new PrismaPointRepository(prisma),
    enrolments: new PrismaEnrolmentRepository(prisma),
    tokens: new PrismaTokenRepository(prisma),
    policies: new PrismaPolicyRepository(prisma),
    jobs: new PrismaJobRepository(prisma),
    drills: new PrismaDrillRepository(prisma),
    retention: new PrismaRetentionRepository(prisma),
    space: new PrismaSpaceRepository(prisma),
    watermark: async () => {
      const { storeId, seq } = await readWatermark(prisma);
      return { storeId, seq };
    },
    catchUp: (ledger) => projection.catchUp(ledger),
    project: (records, readManifest) => projection.project(records, readManifest),
    reset: () => projection.reset(),
    close: () => prisma.$disconnect(),
  };
}
