/** The parts of the REST answers that layout tests vary. The page parses them with its own schemas, so a wrong shape shows as an error. */
export type SampleComputer = Readonly<{
  machineId: string; name: string; state: string; reason: string; lastPointAt: string | null; lastProof: { level: number; at: string } | null;
  online: boolean; lastSeenAt: string | null; enrolledAt: string; agentVersion: string; points: number; platform: string; rpoTargetMs: number;
}>;
export type SampleJob = Readonly<Record<string, unknown> & { jobId: string; machineId: string; state: string }>;
export type SampleVersion = Readonly<Record<string, unknown> & { id: string; createdAt: string }>;

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** 32 hexadecimal digits, different for each kind and number. */
export const idOf = (kind: string, n: number): string => `${kind}${n.toString(16)}`.replace(/[^0-9a-f]/g, 'f').padStart(32, '0');

/** The same sequence for the same seed (mulberry32), so that a screenshot can be compared with the last one. */
export function sequence(seed: number): () => number {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const kinds: readonly Readonly<{ state: string; prefix: string; targetMs: number; reason: (ageDays: number) => string; ageMs: (dice: number) => number | null; proofDays: number | null }>[] = [
  { state: 'protected', prefix: 'WS', targetMs: dayMs, reason: () => 'Point 5 h old, proven at level 4 6 d ago', ageMs: (dice) => dice * 0.9 * dayMs, proofDays: 6 },
  { state: 'protected', prefix: 'LAP', targetMs: 14 * dayMs, reason: () => 'Point 3 d old, proven at level 2 12 d ago', ageMs: (dice) => dice * 12 * dayMs, proofDays: 12 },
  { state: 'unproven', prefix: 'WS', targetMs: dayMs, reason: () => 'Never proven by a drill', ageMs: (dice) => dice * 0.8 * dayMs, proofDays: null },
  { state: 'late', prefix: 'LAP', targetMs: dayMs, reason: (days) => `The last restore point is ${String(days)} d old, target 1 d. Machine last seen ${String(days)} d ago`, ageMs: (dice) => (2 + dice * 20) * dayMs, proofDays: 40 },
  { state: 'at_risk', prefix: 'SRV', targetMs: 4 * hourMs, reason: () => 'Every restore point is damaged or suspect. Start a new full backup', ageMs: (dice) => (dice < 0.5 ? null : 3 * dayMs), proofDays: 90 },
  { state: 'pending', prefix: 'WS', targetMs: dayMs, reason: () => 'The first full backup has not finished yet', ageMs: () => null, proofDays: null },
  { state: 'paused', prefix: 'WS', targetMs: dayMs, reason: () => 'Paused; the last restore point is 2 d old', ageMs: () => 2 * dayMs, proofDays: 20 },
];

/** A fleet of `count` machines in all states, most of them well. */
export function sampleFleet(count: number, nowMs: number): SampleComputer[] {
  const dice = sequence(count);
  return Array.from({ length: count }, (_, n) => {
    const roll = dice();
    const place = count <= 3 ? [0, 3, 4][n] : roll < 0.55 ? 0 : roll < 0.65 ? 1 : roll < 0.83 ? 2 : roll < 0.91 ? 3 : roll < 0.94 ? 4 : roll < 0.97 ? 5 : 6;
    const kind = kinds[place ?? 0] ?? kinds[0];
    if (kind === undefined) return [];
    const ageMs = kind.ageMs(dice());
    const online = kind.state === 'late' ? false : dice() > 0.2;
    return [{
      machineId: idOf('a', n), name: `${kind.prefix}-${String(n + 1).padStart(3, '0')}`, state: kind.state, reason: kind.reason(Math.floor((ageMs ?? 0) / dayMs)),
      lastPointAt: ageMs === null ? null : new Date(nowMs - ageMs).toISOString(), lastProof: kind.proofDays === null ? null : { level: place === 1 ? 2 : 4, at: new Date(nowMs - kind.proofDays * dayMs).toISOString() },
      online, lastSeenAt: new Date(nowMs - (online ? 20_000 : (ageMs ?? dayMs))).toISOString(), enrolledAt: new Date(nowMs - 200 * dayMs).toISOString(), agentVersion: '0.1.0',
      points: ageMs === null ? 0 : 20 + Math.floor(dice() * 60), platform: 'linux', rpoTargetMs: kind.targetMs,
    }];
  }).flat();
}

/** A chain of daily points with a full one now and then, one damaged and one suspect; oldest first. */
export function sampleVersions(count: number, nowMs: number): SampleVersion[] {
  const dice = sequence(7);
  return Array.from({ length: count }, (_, n) => {
    const full = n === 0 || n % 30 === 0;
    const changed = full ? 38 * GIB : Math.floor(200 * MIB + dice() ** 3 * 6 * GIB);
    return {
      id: idOf('b', n), createdAt: new Date(nowMs - 5 * hourMs - (count - 1 - n) * dayMs + dice() * hourMs).toISOString(), kind: full ? 'full' : 'incremental',
      consistency: n % 9 === 4 ? 'crash' : 'filesystem', state: n === count - 6 ? 'damaged' : n === count - 11 ? 'suspect' : 'good',
      bytes: { used: 38 * GIB + n * 40 * MIB, changed, sent: Math.floor(changed * 0.44), stored: Math.floor(changed * 0.31), unique: null },
      proof: n === count - 8 ? { level: 4, at: new Date(nowMs - 6 * dayMs).toISOString() } : null, pinned: false, kept: [],
    };
  });
}

/** A running job part of the way through sending, a queued one, and what ended today. */
export function sampleJobs(computers: readonly SampleComputer[], nowMs: number): SampleJob[] {
  const at = (ms: number): string => new Date(nowMs - ms).toISOString();
  const bytes = { source: 512 * GIB, used: 212 * GIB, read: 141 * GIB, changed: 14.1 * GIB, sent: 6.2 * GIB, stored: 3.9 * GIB };
  const whole = Object.fromEntries(Object.entries(bytes).map(([name, value]) => [name, Math.floor(value)]));
  const job = (n: number, facts: Readonly<Record<string, unknown> & { state: string }>): SampleJob => {
    const computer = computers[n % computers.length];
    return {
      jobId: idOf('c', n), machineId: computer?.machineId ?? '', computerName: computer?.name ?? '', kind: 'backup', trigger: 'schedule', code: null, message: null, pointId: null, progress: null,
      rateBytesPerSecond: null, etaMs: null, createdAt: at(40 * 60_000), startedAt: null, finishedAt: null, ...facts,
    };
  };
  const ended = { startedAt: at(14 * 60_000), finishedAt: at(60_000), progress: { phase: 'commit', bytes: whole, doneBytes: 1, totalBytes: 1 } };
  return [
    job(0, { state: 'running', startedAt: at(35 * 60_000), trigger: 'admin', rateBytesPerSecond: 84 * MIB, etaMs: 11 * 60_000, progress: { phase: 'send', bytes: whole, doneBytes: 68, totalBytes: 100 } }),
    job(1, { state: 'running', startedAt: at(20_000), progress: { phase: 'prepare', bytes: { source: 0, used: 0, read: 0, changed: 0, sent: 0, stored: 0 }, doneBytes: 0, totalBytes: 0 } }),
    job(2, { state: 'queued' }),
    job(3, { ...ended, state: 'done' }),
    job(4, { ...ended, state: 'warned', code: 'UNREADABLE_SECTORS', message: '3 sectors of sda3 could not be read' }),
    job(5, { ...ended, state: 'failed', code: 'FS_NEEDS_RECOVERY', message: 'The filesystem of sda2 was not cleanly unmounted', progress: null }),
  ];
}

/** The manifest of a point of a disk with four partitions and a gap. */
export function sampleManifest(machineId: string, version: SampleVersion): Readonly<Record<string, unknown>> {
  const volume = (number: number, offsetBytes: number, facts: Readonly<{ lengthBytes: number; dataBytes: number; filesystem: string; label: string | null }>): Record<string, unknown> => ({
    volumeId: `disk0/p${String(number)}`, role: 'partition', partitionNumber: number, offsetBytes, lengthBytes: facts.lengthBytes, filesystem: facts.filesystem, label: facts.label, uuid: null, cutter: 'fixed', tracker: 'none',
    consistency: 'filesystem', state: 'good', mapRoot: 'ab'.repeat(32), warnings: [],
    counts: { dataBytes: facts.dataBytes, zeroBytes: 0, unallocatedBytes: facts.lengthBytes - facts.dataBytes, unreadableBytes: number === 2 ? 1536 : 0 },
  });
  const partition = (number: number, [offsetBytes, lengthBytes]: readonly [number, number], type: string): Record<string, unknown> => ({ number, offsetBytes, lengthBytes, type, guid: null, name: number === 4 ? 'scratch' : '', attributes: '0'.repeat(16), logical: false });
  const linux = '0FC63DAF-8483-4772-8E79-3D69D8477DE4';
  return {
    v: 1, pointId: version.id, machineId, computerName: 'WS-001', createdAtMs: Date.parse(version.createdAt), agentStartedAtMs: Date.parse(version.createdAt) - 60_000, durationMs: 60_000, agentVersion: '0.1.0',
    os: { platform: 'linux', release: '6.1', hostname: 'ws-001' }, kind: version['kind'], basePointId: null, consistency: 'filesystem', state: version['state'],
    bytes: { source: 512 * GIB, used: 40 * GIB, read: 40 * GIB, changed: GIB, sent: GIB, stored: GIB },
    disks: [{
      facts: { diskId: 'disk0', path: '/dev/nvme0n1', kind: 'device', model: 'Samsung SSD 980', serial: 'S64ENX0T411K' },
      layout: {
        sizeBytes: 512 * GIB, logicalSectorBytes: 512, physicalSectorBytes: 4096, table: 'gpt', tableId: null, tableSectors: [],
        warnings: [{ code: 'GPT_PRIMARY_DAMAGED', message: 'The first partition table is damaged; the copy at the end of the disk was used' }],
        partitions: [
          partition(1, [MIB, 512 * MIB], 'C12A7328-F81F-11D2-BA4B-00A0C93EC93B'), partition(2, [513 * MIB, 300 * GIB], linux),
          partition(3, [301 * GIB, 8 * GIB], '0657FD6D-A4AB-43C4-84E5-0933C84B4F4F'), partition(4, [310 * GIB, 80 * GIB], linux),
        ],
      },
      volumes: [
        volume(1, MIB, { lengthBytes: 512 * MIB, dataBytes: 6 * MIB, filesystem: 'fat32', label: 'EFI' }),
        volume(2, 513 * MIB, { lengthBytes: 300 * GIB, dataBytes: 212 * GIB, filesystem: 'ext4', label: 'root' }),
        volume(3, 301 * GIB, { lengthBytes: 8 * GIB, dataBytes: 4096, filesystem: 'swap', label: null }),
      ],
    }],
  };
}

/** A machine that waits because its name is taken. */
export function sampleHeld(computer: SampleComputer, nowMs: number): Readonly<Record<string, unknown>> {
  const facts = (serial: string, mac: string): Record<string, unknown> => ({ hostname: 'ws-042', platform: 'linux', release: '6.1.0-49-amd64', agentVersion: '0.1.0', diskSerials: [serial], macAddresses: [mac] });
  return {
    requestId: idOf('d', 1), name: computer.name, takenBy: computer.machineId, requestedAt: new Date(nowMs - 4 * 60_000).toISOString(),
    facts: facts('WX12A90D9Q7F', '52:54:00:12:34:56'), takenByFacts: facts('S64ENX0T411K', '52:54:00:12:34:56'), state: 'held',
  };
}
