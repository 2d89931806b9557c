import { seconds, type Random } from '@lifeboat/model';

const firstMs = 200;
const waitMsMax = seconds(15);

/** How long to wait before try number `attempt` (1, 2, …): doubling up to 15 s, half of it random so that a fleet does not come back at once. */
export function backoffMs(attempt: number, random: Random): number {
  const ceiling = Math.min(waitMsMax, firstMs * 2 ** Math.min(attempt - 1, 16));
  const [low = 0, high = 0] = random.bytes(2);
  return Math.round(ceiling / 2 + (ceiling / 2) * ((high * 256 + low) / 65_535));
}
