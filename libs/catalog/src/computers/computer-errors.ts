import { UserError } from '@lifeboat/model';

/** No enrolled machine has this id or name. */
export class ComputerNotFound extends UserError {
  readonly code = 'COMPUTER_NOT_FOUND';
  constructor(text: string) {
    super('there is no such computer', { details: { computer: text.slice(0, 256) }, remedy: 'See the names and ids with `lifeboat get computers`.' });
  }
}

/** Several machines carry the name. */
export class ComputerNameAmbiguous extends UserError {
  readonly code = 'COMPUTER_NAME_AMBIGUOUS';
  constructor(details: Readonly<{ name: string; machineIds: readonly string[] }>) {
    super('several computers have this name', { details, remedy: 'Give the machine id instead of the name.' });
  }
}
