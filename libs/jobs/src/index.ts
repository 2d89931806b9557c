export type { EnqueueOptions, JobPayload, JobProcessor, Jobs, JobsHealth, QueuedJob, ScheduledRun, ScheduleStatus } from './jobs.js';
