import { ComputerList, restPaths } from '@lifeboat/protocol';
import type { ApiClient } from './api-client.js';

/**
 * What stands for a computer in the path of a request: its name or id as typed. Only `.` and `..` have to be looked up, because a URL takes them for steps
 * between folders even when they are encoded.
 */
export async function computerPart(api: ApiClient, computer: string): Promise<string> {
  if (computer !== '.' && computer !== '..') return computer;
  const { computers } = await api.ask({ method: 'GET', path: restPaths.computers }, ComputerList);
  return computers.find((candidate) => candidate.name === computer)?.machineId ?? '0'.repeat(32);
}
