export type { EnqueueOptions, JobPayload, JobProcessor, Jobs, JobsHealth, JobsLogger, QueuedJob, ScheduledRun, ScheduleStatus } from './jobs.js';
export { createJobs, type JobsOptions } from './create-jobs.js';
export { type QueueDatabase } from './backends/queue-backend.js';
export { QueueUnreachable, RedisUnsuitable, RedisUrlInvalid } from './backends/queue-errors.js';
export { jitterOf } from './schedules/jitter.js';
export { assertScheduleValid, isRunDue, nextRunMs, type RunHistory } from './schedules/next-run.js';
export { ScheduleInvalid } from './schedules/schedule-errors.js';
