import { OperationalError } from '@lifeboat/model';

/** The address or socket cannot be listened on. */
export class NbdListenFailed extends OperationalError {
  readonly code = 'NBD_LISTEN_FAILED';
  constructor(details: { where: string; reason: string }, cause?: unknown) {
    super('the image cannot be offered there', { details, cause, retry: 'never', remedy: 'Choose a free port (0 takes any), an address of this computer, or a socket path in a folder you may write to.' });
  }
}

/** A client broke the protocol, or went away in the middle; its connection is closed. `details.reason` says which rule broke, never its bytes. */
export class NbdClientInvalid extends OperationalError {
  readonly code = 'NBD_CLIENT_INVALID';
  constructor(reason: string) {
    super('a client does not speak NBD', { details: { reason }, retry: 'never' });
  }
}

/** Bytes that could be read a moment ago are lost now, in the middle of a reply that promised them; the connection is closed. */
export class NbdReplyBroken extends OperationalError {
  readonly code = 'NBD_REPLY_BROKEN';
  constructor(details: { offsetBytes: number; lengthBytes: number }) {
    super('bytes of the image were lost while they were sent', { details, retry: 'now', remedy: 'Run `lifeboat store fsck --data` to see what is damaged.' });
  }
}
