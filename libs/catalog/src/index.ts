export type { PgConnection } from './pg-connection.js';
export type { Catalog, LedgerSource, ReadManifest, Watermark } from './catalog.js';
export type { ComputerRecord, ComputerRepository } from './computers/computer-repository.js';
export type { PointRecord, PointRepository } from './points/point-repository.js';
export type { EnrolmentRecord, EnrolmentRepository } from './enrolments/enrolment-repository.js';
export type { EnrolmentTokenRecord, OperatorTokenRecord, TokenRepository } from './tokens/token-repository.js';
export type { EffectivePolicy, PolicyRepository } from './policies/policy-repository.js';
export type { JobChange, JobCreation, JobQuery, JobRecord, JobRepository, JobState } from './jobs/job-repository.js';
