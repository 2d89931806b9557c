import { OperationalError, UserError } from '@lifeboat/model';

/** The handshake of an agent does not prove its identity. One error for every reason, so that nothing can be learned by trying. */
export class HandshakeRefused extends UserError {
  readonly code = 'HANDSHAKE_REFUSED';
  constructor() {
    super('the agent could not prove its identity', { remedy: 'Start the agent again; when this stays, enrol it again with a new token.' });
  }
}

/** Agent and server have no protocol version in common. `message` is the whole sentence. */
export class AgentVersionRefused extends UserError {
  constructor(
    readonly code: 'AGENT_TOO_OLD' | 'AGENT_TOO_NEW',
    sentence: string,
  ) {
    super(sentence);
  }
}

/** Another live agent uses the same key. */
export class MachineConnectedElsewhere extends OperationalError {
  readonly code = 'MACHINE_CONNECTED_ELSEWHERE';
  constructor() {
    super('another agent with the same key is connected', {
      retry: 'later', remedy: 'Stop the other agent. If this computer was copied from another one, enrol it again with an empty state directory.',
    });
  }
}

/** The machine's agent is not connected, or did not answer in time. */
export class AgentOffline extends OperationalError {
  readonly code = 'AGENT_OFFLINE';
  constructor() {
    super('the agent of this computer is not connected', { retry: 'later', remedy: 'Start `lifeboat-agent run` on the computer.' });
  }
}

/** The server is about to stop. */
export class ServerStopping extends OperationalError {
  readonly code = 'SERVER_STOPPING';
  constructor() {
    super('the server is stopping', { retry: 'later' });
  }
}
