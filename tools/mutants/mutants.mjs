// Each mutant takes one safety measure out of the production code. `find` stands exactly once in the file. `specs` are spec files that are tried besides the simulation.
// `race`: tried with commits that race deletions. `equivalent`: why the measure is doubled by another and no test can miss it; such a mutant is expected to survive.
const store = (path) => `libs/store/src/${path}`;
const ingest = (path) => `libs/ingest/src/${path}`;
const flow = ['session-flow', 'session-journal', 'session-resume'];
const mutant = (name, file, find, replace, why, more = {}) => ({ name, file, find, replace, why, ...more });

/** Bytes and names that must be on the disk before something relies on them. */
const syncs = [
  mutant('pack-header-sync', store('pack/open-pack.ts'), '      await syncFile(file, path);\n      await syncDirectory(fs, openDirectory);', '      await syncDirectory(fs, openDirectory);', 'a pack whose header is not durable is unreadable',
    { equivalent: 'the first group sync of the same file makes the header durable before anything in the pack is acknowledged' }),
  mutant('pack-name-sync', store('pack/open-pack.ts'), '      await syncFile(file, path);\n      await syncDirectory(fs, openDirectory);', '      await syncFile(file, path);', 'acknowledged records in a file whose name is gone'),
  mutant('pack-group-sync', store('pack/open-pack.ts'), 'else await syncFile(this.file, openPathOf(this.packId));', 'else await Promise.resolve();', 'an acknowledgement means durable'),
  mutant('pack-seal-sync', store('pack/open-pack.ts'), '      await syncFile(this.file, openPathOf(this.packId));\n      return written', '      return written', 'records of a pack that is sealed within their group'),
  mutant('pack-shard-name-sync', store('pack/open-pack.ts'), '    await syncDirectory(fs, packsDirectory);\n', '', 'a sealed pack in a directory whose name is gone'),
  mutant('pack-sealed-name-sync', store('pack/open-pack.ts'), '  await syncDirectory(fs, directory);\n  await syncDirectory(fs, openDirectory);', '  await syncDirectory(fs, openDirectory);', 'a sealed pack under neither name',
    { equivalent: 'a rename is atomic, so the pack is under its old name or its new one, and recovery takes either; the sync of open/ carries it too' }),
  mutant('durable-write-sync', store('fs/write-durably.ts'), '    await syncFile(file, temporary);\n', '', 'a name over bytes that are not there'),
  mutant('durable-write-name-sync', store('fs/write-durably.ts'), '  await syncDirectory(fs, directory);\n', '', 'a commit record without its point file'),
  mutant('point-directory-sync', store('point/point-files.ts'), '  await fs.mkdir(path);\n  await syncDirectory(fs, directoryOf(path));', '  await fs.mkdir(path);', "a machine's first point in a directory whose name is gone"),
  mutant('ledger-record-sync', store('ledger/ledger.ts'), '    await syncFile(segment.file, segment.path);\n    segment.endBytes += bytes.length;', '    segment.endBytes += bytes.length;', 'the fsync of the ledger is the commit'),
  mutant('ledger-name-sync', store('ledger/ledger.ts'), '      await syncTwinDirectories(fs, names);\n', '', 'records in a segment whose name is gone'),
  mutant('mirror-second-sync', store('fs/mirrored-file.ts'), 'await onBoth(syncFile(this.first, this.names.path), syncFile(this.second, this.names.twin));', 'await syncFile(this.first, this.names.path);', 'the second copy is one only when it is durable', { specs: ['mirrored-file'] }),
  mutant('recovery-pack-sync', store('recovery/recover-open-packs.ts'), '  await syncBeforeReading(fs, path);\n', '', 'recovery acts on what only the cache holds'),
  mutant('recovery-open-names-sync', store('recovery/recover-open-packs.ts'), '  await syncDirectory(fs, openDirectory);\n  for (const name of', '  for (const name of', 'recovery acts on names that only the cache holds',
    { equivalent: 'the seal that follows for every pack found syncs the directory again before the index learns of it' }),
  mutant('recovery-pack-names-sync', store('recovery/sync-names.ts'), "    if ((await fs.stat(path))?.kind === 'directory') await syncDirectory(fs, path);", "    if ((await fs.stat(path))?.kind === 'other') await syncDirectory(fs, path);", 'duplicates of chunks whose pack has no durable name',
    { equivalent: 'a rename is atomic: without it the pack is under its old name, where recovery finds it; the directory above is synced by its own line' }),
  mutant('recovery-ledger-names-sync', store('ledger/load-ledger.ts'), '  for (const directory of ledgerDirectories) await syncDirectory(fs, directory);\n', '', 'a history that only the cache holds',
    { equivalent: 'the takeover of the same start syncs both directories before anything is appended or acknowledged' }),
  mutant('recovery-ledger-sync', store('ledger/load-ledger.ts'), 'index >= segments.length - 2);', 'index < 0);', 'records that only the cache holds are believed and built upon'),
  mutant('new-store-names-sync', store('store-file/open-store-file.ts'), "  if (made) await fs.syncDir('');\n", '', 'a store whose directories vanish', { equivalent: 'syncNames makes the same names durable before anything is written into them' }),
  mutant('journal-group-sync', ingest('journal/session-journal.ts'), '      await segment.file.sync();\n', '', 'acknowledged frames that the journal forgets', { specs: flow }),
  mutant('journal-begin-sync', ingest('journal/session-journal.ts'), '    await file.sync();\n    await this.fs.syncDir', '    await this.fs.syncDir', 'a session that was opened and is not there', { specs: flow }),
  mutant('journal-name-sync', ingest('journal/session-journal.ts'), "    await file.sync();\n    await this.fs.syncDir('');", '    await file.sync();', 'a journal whose name is gone', { specs: flow }),
  mutant('recovery-journal-sync', ingest('journal/recover-journal.ts'), '      await file.sync();\n', '', 'a session goes on where only the cache was', { specs: flow }),
  mutant('recovery-journal-names-sync', ingest('journal/recover-journal.ts'), "  await fs.syncDir('');\n", '', 'a session goes on from a file without a durable name', { specs: flow }),
  mutant('packs-before-journal', ingest('session/journaled-session.ts'), '      await this.ports.store.flush();\n      await this.journal.appendFrames', '      await this.journal.appendFrames', 'pack first, then journal, then acknowledgement', { specs: flow }),
  mutant('commit-flush', store('file-store.ts'), '    await appender.flush();\n    await this.assertClosure(manifest);', '    await this.assertClosure(manifest);', 'a commit record implies a durable closure', { specs: ['crash-matrix'] }),
];

/** Who may do what at the same time. */
const locks = [
  mutant('commit-lock', store('file-store.ts'), 'return this.commits.run(() => this.commitNow(manifest));', 'return this.commitNow(manifest);', 'commit and deletion exclude each other', { specs: ['gc/', 'store.spec'], race: true }),
  mutant('collector-lock', store('file-store.ts'), 'underCommitLock: (task) => this.commits.run(task), monotonicMs', 'underCommitLock: (task) => task(), monotonicMs', 'a pack is not deleted between check and commit', { specs: ['gc/'], race: true }),
  mutant('store-lock', store('open-store.ts'), 'await (options.locker ?? socketLocker)(options.path)', '{ release: () => Promise.resolve() }', 'one process owns a store', { specs: ['store.spec'] }),
  mutant('sole-writer', store('ledger/ledger.ts'), '      await this.assertSoleWriter();\n', '', 'a second owner that the lock missed', { specs: ['faults'] }),
  mutant('serial-frames', ingest('session/journaled-session.ts'), '    return this.frames.run(async () => {\n      this.assertOpen();\n      const live', '    return ((task) => task())(async () => {\n      this.assertOpen();\n      const live', 'frames of a session one after another', { specs: [...flow, 'session-model'] }),
  mutant('serial-groups', ingest('session/journaled-session.ts'), 'await this.groups.run(() => this.flushPending());\n    return { durableSeq', 'await this.flushPending();\n    return { durableSeq', 'group commits of a session one after another', { specs: [...flow, 'session-model'] }),
  mutant('serial-ledger', store('ledger/ledger.ts'), '    return this.queue.run(async () => {\n      await this.takeOverOnce();', '    return ((task) => task())(async () => {\n      await this.takeOverOnce();', 'records of the ledger one after another', { specs: ['store.spec'] }),
  mutant('fence-after-failed-sync', store('concurrency/write-fence.ts'), 'throw this.trip(reason, error);', 'throw error;', 'after a failed sync nothing is believed', { specs: ['faults'] }),
];

/** What is looked at again before it counts. */
const checks = [
  mutant('commit-closure', store('file-store.ts'), '    await this.assertClosure(manifest);\n    await fence', '    await fence', 'commit finds its whole closure', { specs: ['store.spec', 'gc/'] }),
  mutant('commit-closure-chunks', store('commit/check-closure.ts'), 'if (place?.lengthBytes === chunkBytes) rely(place);\n        else miss(', 'if (place) rely(place);\n        else if (lengthBytes < 0) miss(', 'a chunk that is gone is asked for again', { specs: ['store.spec', 'gc/'] }),
  mutant('commit-rescue', store('commit/check-closure.ts'), "if (states.of(place.packId) === 'condemned') condemned.add(place.packId);", '', 'condemned packs a point needs live again', { specs: ['gc/'], race: true }),
  mutant('dedup-misses-condemned', store('pack/pack-appender.ts'), 'return place && this.ports.states.isLive(place.packId) ? place : undefined;', 'return place;', 'new content never relies on a condemned pack', { specs: ['gc/'] }),
  mutant('condemn-spares-used', store('gc/change-packs.ts'), 'states.isLive(packId) && !uses.has(packId)', 'states.isLive(packId)', 'what a put relied on since the mark began stays',
    { specs: ['gc/'], equivalent: 'a pack that is condemned although something relies on it is rescued by the commit; this check only spares the rescue' }),
  mutant('delete-spares-used', store('gc/change-packs.ts'), '?.epoch === epochs.get(packId) && !uses.has(packId)', '?.epoch === epochs.get(packId)', 'what a commit relied on since the mark began stays', { specs: ['gc/'], race: true }),
  mutant('delete-after-second-mark', store('gc/gc-cycle.ts'), 'epoch < this.epoch && (quarantineMs', '(quarantineMs', 'two full marks before anything goes', { specs: ['gc/'] }),
  mutant('quarantine-time', store('gc/gc-cycle.ts'), 'trustedNowMs - trustedMs >= quarantineMs', 'trustedNowMs - trustedMs >= 0', 'a condemned pack stays as long as was asked', { specs: ['gc/'] }),
  mutant('gc-unreadable-root', store('gc/mark-live.ts'), '      throw new GcRootUnreadable({ machineId, pointId }, error);', '      return undefined;', 'garbage collection stops at a root it cannot read', { specs: ['gc/'] }),
  mutant('gc-session-roots', store('gc/mark-live.ts'), '  await marker.markSessions(options);\n', '', 'what sessions rely on is live', { specs: ['gc/'] }),
  mutant('gc-begin-line', store('gc/gc-cycle.ts'), '      uses.begin();\n', '', 'uses are counted from the begin of a mark', { specs: ['gc/'] }),
  mutant('purge-record-first', store('gc/purge-point.ts'), "  points.add(await ledger.append({ type: 'point.purged', machineId, pointId }));\n  try {", "  await pointFiles.discard({ machineId, pointId });\n  points.add(await ledger.append({ type: 'point.purged', machineId, pointId }));\n  try {", 'nothing is deleted without an earlier record', { specs: ['gc/'] }),
  mutant('readers-see-durable', store('ledger/ledger.ts'), 'return entries.flatMap(({ seq, atMs, event }) => (seq <= lastSeq && event ?', 'return entries.flatMap(({ seq, atMs, event }) => (event ?', 'the catalog is never ahead of the ledger', { specs: ['ledger/'] }),
  mutant('commit-repeats', store('file-store.ts'), '    if (existing) return { manifestDigest, seq: existing.seq };\n', '', 'a commit asked for twice is one commit', { specs: ['store.spec'] }),
  mutant('point-id-taken', store('file-store.ts'), '    if (existing && existing.manifestDigest !== manifestDigest) throw new PointExists({ machineId, pointId });\n', '', 'a point is never replaced by another', { specs: ['store.spec'] }),
  mutant('intent-kept', ingest('session/journaled-session.ts'), 'const intent = this.intent ?? {', 'const intent = {', 'a session becomes one point, however often it is committed', { specs: flow }),
  mutant('sequence-gap', ingest('session/journaled-session.ts'), '      if (frame.seq > expectedSeq) throw new FrameSequenceGap({ expectedSeq, actualSeq: frame.seq });\n', '', 'no frame is passed over', { specs: flow }),
  mutant('sequence-repeat', ingest('session/journaled-session.ts'), '      if (frame.seq < expectedSeq) return;\n', '', 'a frame that comes twice counts once', { specs: flow }),
  mutant('frame-place', ingest('session/check-frame.ts'), 'if (entry.offsetBytes !== expectedBytes) throw', 'if (entry.offsetBytes < 0) throw', 'a map has neither gaps nor overlaps', { specs: flow }),
  mutant('chunk-digest', ingest('session/check-frame.ts'), 'if (actual !== entry.digest) throw', 'if (actual.length !== entry.digest.length) throw', "a chunk is what its name says", { specs: flow }),
  mutant('volume-root', ingest('session/live-session.ts'), 'if (actual !== frame.mapRoot) throw', 'if (actual.length !== frame.mapRoot.length) throw', 'agent and server made the same map', { specs: flow }),
  mutant('ref-in-store', ingest('session/live-session.ts'), "if (entry.kind === 'data' && !this.context.store.has(entry.digest)) throw", "if (entry.kind === 'data' && entry.lengthBytes < 0) throw", 'REF never points to a chunk that is lost', { specs: flow }),
  mutant('ref-whole-chunks', ingest('session/live-session.ts'), '      await this.baseMapOf(frame.volume).assertWholeChunks(entry);\n', '', 'REF never cuts a chunk', { specs: flow }),
  mutant('park-after-failure', ingest('session/journaled-session.ts'), '    } catch (error) {\n      this.park(live);\n      throw error;', '    } catch (error) {\n      throw error;', 'what a failed group held is sent again', { specs: [...flow, 'session-model'] }),
  mutant('void-frames', ingest('journal/recover-journal.ts'), 'seq <= this.snapshot.seq || seq > at.lastValidSeq', 'seq <= this.snapshot.seq', 'frames of a failed sync are void', { specs: flow }),
  mutant('no-append-after-error', ingest('journal/session-journal.ts'), '    } catch (error) {\n      await this.abandonCurrent();\n      throw error;', '    } catch (error) {\n      throw error;', 'never append behind a tear', { specs: flow }),
  mutant('machine-of-session', ingest('create-ingest.ts'), 'return session?.machineId === machineId ? session : undefined;', 'return session;', "no machine sees another's session", { specs: flow }),
  mutant('machine-of-base', ingest('create-ingest.ts'), '    if (point && point.machineId !== machineId) throw new BaseForeign();\n', '', "no machine refers to another's point", { specs: flow }),
  mutant('committed-keeps-mark', ingest('create-ingest.ts'), 'Math.max(session.snapshot.seq, session.baseSeq)', 'session.snapshot.seq', 'what was acknowledged is not taken back', { specs: flow }),
  mutant('stillborn-journals', ingest('create-ingest.ts'), '    await this.removeStillborn();\n', '', 'an expired session leaves nothing', { specs: ['session-on-store'] }),
  mutant('whole-writes', store('fs/file-io.ts'), 'while (done < source.length) {\n    const wrote', 'if (done < source.length) {\n    const wrote', 'a short write is gone on with', { specs: ['faults'] }),
  mutant('whole-reads', store('fs/file-io.ts'), 'while (done < target.length) {\n    const got', 'if (done < target.length) {\n    const got', 'a short read is gone on with', { specs: ['faults', 'crash-matrix'] }),
  mutant('pack-cut-back', store('pack/open-pack.ts'), '      if (isNoSpace(error)) await this.file.truncate(recordOffset);\n', '', 'half a record of a full disk does not stay',
    { equivalent: 'the next record is written at the same place and recovery passes over what no record header describes' }),
  mutant('read-digest', store('pack/segment-reader.ts'), "if (digestOf(bytes) !== digest) throw damaged(digest, place, { reason: 'digest' });", '', 'bytes that rotted are never handed out', { specs: ['store.spec', 'check-store', 'parsers', 'bit-rot'] }),
  mutant('hash-chain', store('ledger/load-ledger.ts'), 'header.firstSeq === firstSeq && header.previousHash === lastHash);', 'header.firstSeq === firstSeq);', 'a segment continues the one before', { specs: ['faults', 'ledger/', 'parsers'] }),
];

export const mutants = [...syncs, ...locks, ...checks];
