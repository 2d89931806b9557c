import { UserError } from '@lifeboat/model';

/** A schedule's pattern or time zone cannot be followed. */
export class ScheduleInvalid extends UserError {
  readonly code = 'SCHEDULE_INVALID';
  constructor(details: Readonly<{ pattern: string; timeZone: string; reason: string }>, cause?: unknown) {
    super('the schedule cannot be followed', {
      details: { ...details, reason: details.reason.slice(0, 300) }, cause,
      remedy: 'Write five fields, minute hour day month weekday, as in "30 2 * * *", and an IANA time zone such as Europe/Berlin.',
    });
  }
}
