import { OperationalError, UserError } from '@lifeboat/model';

/** The ticket is unknown, expired, or was used before. */
export class TicketInvalid extends UserError {
  readonly code = 'TICKET_INVALID';
  constructor() {
    super('the ticket is not valid any more', { remedy: 'Ask for a new one: a ticket serves once and for 60 seconds.' });
  }
}

/** A frame that has no place on this kind of connection. */
export class FrameUnexpected extends OperationalError {
  readonly code = 'FRAME_UNEXPECTED';
  constructor(reason: string) {
    super('a data frame has no place here', { retry: 'never', details: { reason } });
  }
}

/** A newer connection of the same session took over. */
export class TransferReplaced extends OperationalError {
  readonly code = 'TRANSFER_REPLACED';
  constructor() {
    super('a newer connection of the same backup took over', { retry: 'now' });
  }
}
