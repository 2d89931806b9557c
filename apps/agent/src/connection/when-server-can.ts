import { seconds, type Clock } from '@lifeboat/model';
import { ServerRefused } from '../errors/agent-errors.js';

const firstPauseMs = seconds(2);
const pauseMsMax = seconds(30);

export type PatientPorts = Readonly<{ clock: Clock; parkedMaxMs: number; onMessage: (sentence: string) => void }>;

/**
 * Asks again, in growing pauses, as long as the server says to come back later, e.g. because its store is full and is being cleaned up.
 * @throws what `ask` throws otherwise, and the refusal when `parkedMaxMs` is over; the signal's reason.
 */
export async function whenServerCan<T>(ask: () => Promise<T>, ports: PatientPorts, signal: AbortSignal): Promise<T> {
  const sinceMs = ports.clock.monotonicMs();
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, pauseMsMax)) {
    try {
      return await ask();
    } catch (error) {
      const isPatient = error instanceof ServerRefused && error.retry === 'later' && ports.clock.monotonicMs() - sinceMs + pauseMs <= ports.parkedMaxMs;
      if (!isPatient) throw error;
      ports.onMessage(`The server asks to wait: ${error.message}`);
    }
    await ports.clock.sleep(pauseMs, signal);
    signal.throwIfAborted();
  }
}
