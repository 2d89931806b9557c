import { idOf, type SampleComputer } from './sample-fleet.js';

const GIB = 1024 ** 3;
const TIB = 1024 ** 4;
const dayMs = 86_400_000;

/** What the store pages are answered from; a test changes parts of it. The page parses it with its own schemas. */
export type SampleRetention = { store: object; history: object; usage: object; upkeep: object; damage: object; view: SampleView; plan: SamplePlan };
export type SampleView = Readonly<Record<string, unknown>> & { readonly settings: SampleSettings };
type SampleSettings = Readonly<Record<string, unknown> & { yellowFreePercent: number }>;
export type SamplePlan = Readonly<Record<string, unknown> & { planHash: string; prune: readonly object[] }>;

const iso = (ms: number): string => new Date(ms).toISOString();
const settings = { timeZone: 'UTC', greenFreePercent: 20, yellowFreePercent: 15, orangeFreePercent: 8, undeleteMs: 3 * dayMs, scrubDeadlineMs: 30 * dayMs };
const builtIn = { keepLast: 0, keepHourly: 0, keepDaily: 0, keepWeekly: 0, keepMonthly: 0, keepYearly: 0, keepWithinMs: null, minKeep: 2, weight: 1 };
const laptop = { ...builtIn, keepLast: 5, keepDaily: 10, keepWeekly: 6, keepMonthly: 6, minKeep: 3 };
const server = { ...builtIn, keepLast: 3, keepHourly: 48, keepDaily: 14, keepWeekly: 13, keepMonthly: 24, keepYearly: 7, keepWithinMs: 2 * dayMs, minKeep: 3, weight: 2 };

/** Points that a plan prunes: the more, the higher the free-space floor is. */
export function samplePlan(computers: readonly SampleComputer[], count: number, nowMs: number): SamplePlan {
  const named = (n: number): Readonly<Record<string, unknown>> => {
    const computer = computers[n % Math.max(1, computers.length)];
    return { computer: computer?.name ?? 'WS-001', machineId: computer?.machineId ?? idOf('a', 0), id: idOf('b', n), createdAt: iso(nowMs - (50 - n) * dayMs) };
  };
  return {
    v: 1, planHash: count.toString(16).padStart(64, '9'), stateVersion: 7, madeAt: iso(nowMs - 120_000), pressure: count > 3 ? 'yellow' : 'green',
    keep: [{ ...named(40), reasons: ['newest good point', 'daily slot of 20 November'], codes: ['FLOOR_NEWEST_GOOD', 'KEEP_DAILY'] }, { ...named(41), reasons: ['pinned'], codes: ['FLOOR_PINNED'] }],
    prune: Array.from({ length: count }, (_, n) => ({
      ...named(n), reason: n % 2 === 0 ? 'its day, week and month have a newer point' : 'pressure: densest region of WS-001, which is 3.1 times over its fair share', code: n % 2 === 0 ? 'PRUNE_NO_SLOT' : 'PRUNE_PRESSURE_DENSEST',
      by: n % 2 === 0 ? 'calendar' : 'pressure', uniqueBytes: (n + 1) * GIB, cumulativeFreeBytes: 8 * TIB + (n + 1) * GIB, needsApproval: n === 2 ? 'younger than 7 days' : null,
    })),
    purge: [], condemned: [{ ...named(42), purgeAfter: iso(nowMs + 2 * dayMs) }], targetBytes: 0, expectedFreeBytes: Math.floor(8.7 * TIB), shortfallBytes: 0,
  };
}

/** A store with half a year of history, a forecast, damage, waiting deletions, an anomaly and advice: everything that the pages can show. */
export function sampleRetention(computers: readonly SampleComputer[], nowMs: number): SampleRetention {
  const size = 40 * TIB;
  const used = Math.floor(31.4 * TIB);
  const first = computers[0];
  const named = { computer: first?.name ?? 'WS-001', machineId: first?.machineId ?? idOf('a', 0) };
  const field = (value: number | null, own: boolean): object => ({ value, origin: own ? { kind: 'machine', machineId: named.machineId } : { kind: 'default' }, inherited: 0, overrides: own && value !== 0 });
  const whole = (bytes: number): number => Math.floor(bytes);
  return {
    store: {
      v: 1, storeId: 'e'.repeat(32), path: '/srv/lifeboat/store', device: '/dev/md0', mountPoint: '/srv', quotaBytes: null, sizeBytes: size, freeBytes: size - used, liveBytes: whole(30 * TIB), reclaimableBytes: whole(1.4 * TIB), logicalBytes: 141 * TIB,
      dedupRatio: 3.1, compressionRatio: 1.5, watermarks: { greenFreeBytes: 8 * TIB, yellowFreeBytes: 6 * TIB, orangeFreeBytes: whole(3.2 * TIB), reserveBytes: whole(0.4 * TIB), inodes: null }, pressure: 'yellow',
      forecast: { historyDays: 170, bytesPerDay: whole(0.1 * TIB), fullAt: { p10: iso(nowMs + 9 * dayMs), p50: iso(nowMs + 12 * dayMs), p90: iso(nowMs + 60 * dayMs) }, reason: null, lastMonth: { predictedBytes: 29 * TIB, actualBytes: 31 * TIB, errorPercent: -6 } },
      chunks: 1, packs: 1, reservedBytes: 0, exclusiveBytes: 22 * TIB, sharedBytes: 8 * TIB, parkedBackups: 0, shortfallBytes: 0,
      advice: [{ code: 'STORE_SMALLER_THAN_ADVISED', severity: 'warning', text: 'The store on /srv (/dev/md0) has 40960 GiB, 1.2 times the 34133 GiB that its machines use; 1.5 times is advised. History will be short.' }],
    },
    history: { v: 1, samples: Array.from({ length: 170 }, (_, n) => ({ at: iso(nowMs - (169 - n) * dayMs), sizeBytes: size, usedBytes: whole(used - (169 - n) * 0.1 * TIB + (n % 7) * 0.05 * TIB), freeBytes: 8 * TIB, reclaimableBytes: TIB })) },
    usage: { v: 1, measuredAt: iso(nowMs - 3_600_000), packBytes: whole(31.4 * TIB), exclusiveBytes: 22 * TIB, sharedBytes: 8 * TIB, unreferencedBytes: whole(1.4 * TIB), computers: computers.slice(0, 12).map(({ name, machineId, points }, n) => ({ computer: name, machineId, uniqueBytes: (12 - n) * 100 * GIB, sharedBytes: 50 * GIB, points })) },
    upkeep: {
      v: 1, wantedChunks: 2, damagedPoints: 1,
      gc: { state: 'idle', phase: null, done: null, total: null, startedAt: null, last: { trigger: 'retention', startedAt: iso(nowMs - 7_200_000), finishedAt: iso(nowMs - 7_100_000), outcome: 'done', code: null, message: null, result: { liveBytes: 1, liveChunks: 1, packsExamined: 12, condemnedPacks: 1, rewrittenPacks: 2, rescuedPacks: 0, deletedPacks: 3, keptDamagedPacks: 0, freedBytes: 9 * GIB, reclaimableBytes: GIB, durationMs: 1 } } },
      scrub: { state: 'running', phase: 'read', done: 42, total: 100, startedAt: iso(nowMs - 600_000), last: null },
    },
    damage: {
      v: 1, checkedAt: iso(nowMs - 3_600_000), truncated: false,
      ranges: [{ ...named, pointId: idOf('b', 5), createdAt: iso(nowMs - 6 * dayMs), diskId: 'disk0', volumeId: 'disk0/p2', offset: 1_048_576, diskOffset: 538_968_064, length: 65_536, structure: 'chunk', digest: 'ab'.repeat(32), files: [{ path: '/home/anna/pictures/2019/a picture with a rather long name.jpg', offset: 4096 }], detail: 'bytes do not match their digest' }],
    },
    view: {
      v: 1, settings, settingsSet: false, pressure: 'yellow', runs: [],
      policies: [{ scope: { kind: 'tag', tag: 'laptops' }, policy: laptop, actor: 'anna', setAt: iso(nowMs - 9 * dayMs) }], history: [{ scope: { kind: 'tag', tag: 'laptops' }, policy: laptop, actor: 'anna', setAt: iso(nowMs - 9 * dayMs) }],
      presets: [{ name: 'server', text: 'Always on, backed up often.', policy: server }, { name: 'laptop', text: 'Backed up when it is there.', policy: laptop }],
      computers: computers.map(({ name, machineId }, n) => {
        const policy = n === 0 ? laptop : builtIn;
        return { computer: name, machineId, tags: n % 3 === 1 ? ['laptops', 'site-berlin'] : [], policy, fields: Object.fromEntries(Object.entries(policy).map(([key, value]) => [key, field(value, n === 0)])) };
      }),
      run: { state: 'idle', trigger: null, phase: null, round: null, startedAt: null, last: { planHash: 'f'.repeat(64), startedAt: iso(nowMs - 90_000_000), finishedAt: iso(nowMs - 80_000_000), outcome: 'done', code: null, message: null, rounds: 1, condemnedPoints: 4, purgedPoints: 2, freedBytes: 5 * GIB, shortfallBytes: 0, waitingForApproval: 3 } },
      requests: [{ requestId: idOf('e', 1), state: 'waiting', points: [{ ...named, id: idOf('b', 7) }, { ...named, id: idOf('b', 8) }], reason: 'holds a secret', actor: 'anna', requestedAt: iso(nowMs - 3_600_000), executeAfter: iso(nowMs + 82_800_000), decidedBy: null, decidedAt: null }],
      anomalies: [{ ...named, id: idOf('b', 9), lastCleanId: idOf('b', 8), kind: 'entropy', detail: '31 GiB of 32 GiB changed bytes do not compress, usually 12 %', raisedAt: iso(nowMs - 7_200_000) }],
    },
    plan: samplePlan(computers, 3, nowMs),
  };
}
