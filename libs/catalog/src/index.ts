export type { PgConnection } from './pg-connection.js';
export type { Catalog, LedgerSource, ReadManifest, Watermark } from './catalog.js';
export type { ComputerRecord, ComputerRepository } from './computers/computer-repository.js';
export type { PointCondemned, PointKeep, PointRecord, PointRepository } from './points/point-repository.js';
export type { EnrolmentRecord, EnrolmentRepository } from './enrolments/enrolment-repository.js';
export type { EnrolmentTokenRecord, OperatorTokenRecord, TokenRepository } from './tokens/token-repository.js';
export type { EffectivePolicy, PolicyRepository } from './policies/policy-repository.js';
export type { DrillQuery, DrillRecord, DrillRepository } from './drills/drill-repository.js';
export type {
  AnomalyRecord, DeletionRequestRecord, PointDeletionRecord, RetentionPolicyRecord, RetentionRepository, RetentionRunRecord, TimeAnchorRecord,
} from './retention/retention-repository.js';
export type { SpaceMemory, SpaceRepository, SpaceSample } from './retention/space-repository.js';
export { jobStates, type JobChange, type JobCreation, type JobQuery, type JobRecord, type JobRepository, type JobState } from './jobs/job-repository.js';
export { openCatalog, type CatalogPlace } from './open-catalog.js';
export { startEmbeddedPostgres, type EmbeddedPostgres, type EmbeddedPostgresOptions } from './embedded-postgres/start-embedded-postgres.js';
export { parseDatabaseUrl } from './database/parse-database-url.js';
export { ComputerNameAmbiguous, ComputerNotFound } from './computers/computer-errors.js';
export { VersionAmbiguous, VersionNotFound } from './points/point-errors.js';
export { EnrolmentNotFound } from './enrolments/enrolment-errors.js';
export { JobNotFound } from './jobs/job-errors.js';
export { CatalogAheadOfLedger, CatalogForeignStore, LedgerRecordsMissing } from './projection/catalog-errors.js';
export { DatabaseMigrationFailed, DatabaseUnreachable, DatabaseUnsuitable, DatabaseUrlInvalid } from './database/database-errors.js';
export { DatabaseDirectoryInUse, DatabaseDirectoryInvalid, EmbeddedPostgresFailed, EmbeddedPostgresUnavailable } from './embedded-postgres/embedded-postgres-errors.js';
