import { hostname, networkInterfaces, platform, release } from 'node:os';
import type { MachineFacts } from '@lifeboat/model';
import { agentVersion } from '../config/agent-version.js';

const noAddress = '00:00:00:00:00:00';

/** What the agent tells of the computer it runs on: evidence for an admin who decides about a taken name. */
export function readMachineFacts(diskSerials: readonly string[]): MachineFacts {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  const macAddresses = [...new Set(addresses.filter((address) => !address.internal && address.mac !== noAddress).map((address) => address.mac))];
  return {
    hostname: hostname().slice(0, 256), platform: platform(), release: release().slice(0, 128), agentVersion,
    diskSerials: diskSerials.slice(0, 64).map((serial) => serial.slice(0, 128)), macAddresses: macAddresses.slice(0, 64),
  };
}
