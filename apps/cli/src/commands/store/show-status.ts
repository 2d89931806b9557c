import { restPaths, StoreStatus } from '@lifeboat/protocol';
import type { CommandContext } from '../../command-context.js';
import { exitCodes, type ExitCode } from '../../exit-codes.js';
import { formatBytes } from '../../output/format.js';
import { formatFacts } from '../../output/format-table.js';

/** Shows how full the store is, how tight room is and when it will be full. */
export async function showStatus({ api, printer }: CommandContext): Promise<ExitCode> {
  const status = await api().ask({ method: 'GET', path: restPaths.store }, StoreStatus);
  printer.result(status, () => formatFacts([...sizesOf(status), ...roomOf(status), ...(status.advice ?? []).map(({ severity, text }) => [severity, text] as const)]));
  return exitCodes.ok;
}

type Facts = readonly (readonly [string, string])[];

const orUnknown = (value: number | null | undefined, unit: (value: number) => string): string => (value === null || value === undefined ? 'not known yet' : unit(value));

function sizesOf(status: StoreStatus): Facts {
  return [
    ['store', status.storeId], ['place', `${status.path} on ${status.device}`], ['size', `${formatBytes(status.sizeBytes)}${typeof status.quotaBytes === 'number' ? ' (quota)' : ''}`], ['free', formatBytes(status.freeBytes)],
    ['live', formatBytes(status.liveBytes)], ['unique', `${orUnknown(status.exclusiveBytes, formatBytes)} (of one computer each)`], ['shared', `${orUnknown(status.sharedBytes, formatBytes)} (of several computers)`],
    ['reclaimable', orUnknown(status.reclaimableBytes, formatBytes)], ['logical', `${formatBytes(status.logicalBytes)} (what all restore points describe)`],
    ['deduplication', orUnknown(status.dedupRatio, (ratio) => `${ratio.toFixed(1)}× (blocks referenced ÷ blocks stored)`)], ['compression', orUnknown(status.compressionRatio, (ratio) => `${ratio.toFixed(1)}×`)],
    ['chunks', `${String(status.chunks)} in ${String(status.packs)} packs`],
  ];
}

function roomOf({ pressure, watermarks, forecast, reservedBytes, parkedBackups, shortfallBytes }: StoreStatus): Facts {
  return [
    ['pressure', `${pressure}${parkedBackups ? `, ${String(parkedBackups)} backups wait for room` : ''}`],
    ...(watermarks ? [['watermarks', `green ${formatBytes(watermarks.greenFreeBytes)} free, yellow ${formatBytes(watermarks.yellowFreeBytes)}, orange ${formatBytes(watermarks.orangeFreeBytes)}, reserve ${formatBytes(watermarks.reserveBytes)}`] as const] : []),
    ...(reservedBytes ? [['running', `${formatBytes(reservedBytes)} more for backups under way`] as const] : []),
    ...(shortfallBytes ? [['short of', `${formatBytes(shortfallBytes)} that retention may not free`] as const] : []),
    ...(forecast ? [['full', forecast.fullAt ? `between ${forecast.fullAt.p10} and ${forecast.fullAt.p90 ?? 'never'}, even at ${forecast.fullAt.p50}` : (forecast.reason?.text ?? 'no date')] as const] : []),
  ];
}
