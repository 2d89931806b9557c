import { createConnection, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { AgentBusy } from '../errors/agent-errors.js';
import { DelegatedFailure, LocalAnswer, type LocalRequest } from './local-messages.js';
import { localSocketPath, socketPathBytesMax } from './local-server.js';

type FinalAnswer = Exclude<LocalAnswer, { event: 'progress' | 'message' | 'failure' }>;

/**
 * Asks the agent process that works with the state directory.
 *
 * @param onEvent told of progress and messages on the way.
 * @returns the final answer, or null when there is no such process.
 * @throws DelegatedFailure (the code that process reports), AgentBusy (AGENT_BUSY) it went away or answers something else.
 */
export async function askLocally(stateDir: string, request: LocalRequest, onEvent: (answer: LocalAnswer) => void = () => undefined): Promise<FinalAnswer | null> {
  const path = localSocketPath(stateDir);
  const socket = Buffer.byteLength(path) > socketPathBytesMax ? null : await connect(path);
  if (!socket) return null;
  try {
    socket.write(`${JSON.stringify(request)}\n`);
    for await (const line of createInterface({ input: socket })) {
      const answer = LocalAnswer.safeParse(JSON.parse(line));
      if (!answer.success) break;
      if (answer.data.event === 'failure') throw new DelegatedFailure(answer.data);
      if (answer.data.event === 'progress' || answer.data.event === 'message') onEvent(answer.data);
      else return answer.data;
    }
    throw new AgentBusy({ reason: 'the other agent process ended without an answer' });
  } finally {
    socket.destroy();
  }
}

function connect(path: string): Promise<Socket | null> {
  return new Promise((resolve) => {
    const socket = createConnection(path);
    socket.once('connect', () => { resolve(socket); });
    // No socket, or one nobody listens on: there is no such process.
    socket.once('error', () => { resolve(null); });
  });
}
