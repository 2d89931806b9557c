import { type MapEntry, type RestorePointManifest } from '@lifeboat/model';
import type { BatchFrame, SessionOpen, VolumeEndFrame } from '@lifeboat/protocol';
import fc from 'fast-check';
import type { BackupSession } from '../ingest.js';
import { draftOf, framesOf, joined, machineA, mapOf, openFor, type SampleRun, type SampleVolume } from '../testing/sample-agent.js';
import { codeOf, SampleServer } from '../testing/sample-server.js';

const identity = { computerName: 'desk' as RestorePointManifest['computerName'] };

const arbRun: fc.Arbitrary<SampleRun> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('data' as const), lengthBytes: fc.constantFrom(512, 4096, 65_536), seed: fc.nat(7) }) },
  fc.record({ kind: fc.constantFrom('zero' as const, 'unallocated' as const, 'unreadable' as const), lengthBytes: fc.constantFrom(4096, 1_048_576, 20_000_000) }),
);
const arbVolumes = fc
  .array(fc.array(arbRun, { minLength: 1, maxLength: 12, size: 'max' }), { minLength: 1, maxLength: 3 })
  .map((all) => all.map<SampleVolume>((runs, index) => ({ volumeId: `disk/${String(index)}`, runs })));

/** What happens next; `pick` decides what survives a crash. */
type Step = Readonly<{ kind: 'send' | 'repeat' | 'group' | 'overlap' | 'kill' | 'crash' | 'full' | 'journal-error'; pick: number }>;
const arbSteps = fc.array(
  fc.record({
    kind: fc.oneof({ weight: 4, arbitrary: fc.constant('send' as const) }, fc.constantFrom<Step['kind']>('repeat', 'group', 'overlap', 'kill', 'crash', 'full', 'journal-error')),
    pick: fc.nat(1_000_000),
  }),
  { maxLength: 40, size: 'max' },
);

/** An agent that keeps its frames and goes on where the server is durable. */
class Agent {
  private next = 0;

  constructor(private readonly server: SampleServer, private session: BackupSession, private readonly frames: readonly (BatchFrame | VolumeEndFrame)[]) {}

  private get open(): SessionOpen {
    return this.session.request;
  }

  async step({ kind, pick }: Step): Promise<void> {
    const acknowledged = this.session.durableSeq;
    switch (kind) {
      case 'send':
        return this.send();
      case 'repeat':
        if (this.next > 0) await this.session.accept(this.frames[pick % this.next] as BatchFrame);
        return;
      case 'group':
        await this.session.commitGroup();
        return;
      case 'overlap':
        // A group commit in the middle of frames; its result may not contain half a frame.
        await Promise.all([this.session.commitGroup(), this.send(), this.session.commitGroup()]);
        return;
      case 'kill':
        // The process dies, the machine goes on: what was written but not synced is still to be read.
        await this.server.restart();
        return this.attach(acknowledged);
      case 'crash':
        await this.server.crash(pickFrom(pick));
        return this.attach(acknowledged);
      case 'full':
        this.server.store.fillUp(pick % 3);
        // The second try begins while the group commit of the first frames may still run.
        for (const attempt of [this.send(), this.session.commitGroup(), this.send(), this.send()].map(codeOf)) {
          expect(['none', 'STORE_FULL', 'FRAME_SEQUENCE_GAP']).toContain(await attempt);
        }
        this.server.store.makeRoom();
        return this.attach(acknowledged);
      case 'journal-error':
        await this.send();
        this.server.store.sessionsFs.failNext(pick % 2 === 0 ? 'ENOSPC' : 'EIO', pick % 7);
        for (const attempt of [this.session.commitGroup(), this.send()].map(codeOf)) {
          expect(['none', 'STORE_FULL', 'STORE_UNUSABLE', 'FRAME_SEQUENCE_GAP']).toContain(await attempt);
        }
        this.server.store.sessionsFs.heal();
        return this.attach(acknowledged);
    }
  }

  async finish(volumes: readonly SampleVolume[], basePointId: RestorePointManifest['pointId'] | null): Promise<RestorePointManifest> {
    while (this.next < this.frames.length) await this.send();
    return this.session.commit(draftOf(volumes, basePointId), identity);
  }

  private async send(): Promise<void> {
    const frame = this.frames[this.next];
    if (!frame) return;
    await this.session.accept(frame);
    this.next += 1;
  }

  private async attach(acknowledged: number): Promise<void> {
    const { sessionId } = this.session;
    this.session = await this.server.open(this.open);
    expect(this.session.sessionId).toBe(sessionId);
    // What was acknowledged is never asked for again.
    expect(this.session.durableSeq).toBeGreaterThanOrEqual(acknowledged);
    this.next = this.session.durableSeq;
  }
}

function pickFrom(seed: number): (choices: number) => number {
  let state = seed >>> 0;
  return (choices) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state >>> 8) % choices;
  };
}

async function runBackup(server: SampleServer, volumes: readonly SampleVolume[], plan: Readonly<{ steps: readonly Step[]; batchEntries: number; openFailsAt: number; base: RestorePointManifest | null }>): Promise<RestorePointManifest> {
  const basePointId = plan.base?.pointId ?? null;
  const open = openFor(volumes, { basePointId });
  // The first try to open may fail anywhere on its way to the disk.
  server.store.sessionsFs.failNext('EIO', plan.openFailsAt);
  await codeOf(server.open(open));
  server.store.sessionsFs.heal();
  await server.restart();
  const session = await server.open(open);
  const baseMaps: MapEntry[][] = [];
  for (const [index, base] of session.bases.entries()) {
    baseMaps.push(plan.base && base.kind === 'point' ? await server.readMap(plan.base, volumes[index]?.volumeId ?? '') : []);
  }
  const agent = new Agent(server, session, framesOf(volumes, { batchEntries: plan.batchEntries, baseMaps }));
  for (const step of plan.steps) await agent.step(step);
  return agent.finish(volumes, basePointId);
}

test('whatever happens on the way, the point is what the agent saw, and what was acknowledged stays', async () => {
  await fc.assert(
    fc.asyncProperty(arbVolumes, fc.infiniteStream(fc.nat(7)), fc.record({ steps: arbSteps, laterSteps: arbSteps, batchEntries: fc.integer({ min: 1, max: 5 }), openFailsAt: fc.nat(8) }), async (volumes, seeds, days) => {
      const { steps, laterSteps, batchEntries, openFailsAt } = days;
      const server = await SampleServer.start();
      const base = await runBackup(server, volumes, { steps, batchEntries, openFailsAt, base: null });
      for (const volume of volumes) expect(joined(await server.readMap(base, volume.volumeId))).toEqual(joined(mapOf(volume)));

      // The next day: some chunks have changed, the lengths have not.
      const later = volumes.map((volume) => ({ ...volume, runs: volume.runs.map((run) => (run.kind === 'data' ? { ...run, seed: Math.max(run.seed, Number(seeds.next().value) - 3) } : run)) }));
      const point = await runBackup(server, later, { steps: laterSteps, batchEntries, openFailsAt, base });
      for (const volume of later) expect(joined(await server.readMap(point, volume.volumeId))).toEqual(joined(mapOf(volume)));
      for (const volume of volumes) expect(joined(await server.readMap(base, volume.volumeId))).toEqual(joined(mapOf(volume)));
      expect(server.ingest.list().every(({ machineId, state }) => machineId === machineA && state === 'committed')).toBe(true);
    }),
    { numRuns: 80 },
  );
}, 300_000);
