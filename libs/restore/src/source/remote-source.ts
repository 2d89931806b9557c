import { assertInvariant, endOf, KIB, MIB, PageTreeBuilder, type Extent, type RestorePointManifest, type VolumeManifest } from '@lifeboat/model';
import { digestOf, systemClock } from '@lifeboat/codec';
import { chunksOfAnswer, planChunkQuestions, runsOfAnswer } from './chunk-answer.js';
import { entriesOfMapAnswer } from './map-answer.js';
import { ReadChannel, type RestoreTicket } from './read-channel.js';
import { RestoreAnswerInvalid, RestoreRootMismatch } from './restore-errors.js';
import type { ImageSource } from '../image/image-source.js';
import { listVolumes, type DataEntry, type KnownEntry, type RestoredRun, type VolumeSource } from './volume-source.js';

/** Map entries are fetched for this much of a volume at a time: at most half a million entries, usually four thousand. */
const windowBytes = 256 * MIB;
/** Chunk questions on their way at a time; with 4 MiB each this hides the network's round trip. */
const questionsAheadMax = 4;
/** Single chunks this close are asked for together. */
const chunkGapBytesMax = 128 * KIB;

export type RemoteSourceOptions = Readonly<{
  /** Address of the server, e.g. `http://127.0.0.1:8420`. */
  url: string;
  /** One-time ticket and credit that came with the manifest. */
  ticket: string;
  creditBytes: number;
  manifest: RestorePointManifest;
  /** Asks for another ticket for the same point when the connection broke. */
  renewTicket: (signal: AbortSignal) => Promise<RestoreTicket>;
  signal: AbortSignal;
}>;

/**
 * Opens a restore point for reading over the data plane. Of every part the map is fetched first; then only chunks are asked for, and each
 * must have the digest that the map names. What cannot be had comes as `damaged`, exactly.
 *
 * @throws RestoreTicketRefused (RESTORE_TICKET_REFUSED), RestoreConnectionLost (RESTORE_CONNECTION_LOST). The caller closes the source.
 */
export async function openRemoteSource(options: RemoteSourceOptions): Promise<VolumeSource & ImageSource> {
  const channel = await ReadChannel.open({
    url: options.url, first: { ticket: options.ticket, creditBytes: options.creditBytes }, renewTicket: options.renewTicket, signal: options.signal,
    sleep: (durationMs, signal) => systemClock.sleep(durationMs, signal),
  });
  return new RemoteSource(options.manifest, channel);
}

class RemoteSource implements VolumeSource, ImageSource {
  private readonly volumes: readonly VolumeManifest[];

  constructor(
    readonly manifest: RestorePointManifest,
    private readonly channel: ReadChannel,
  ) {
    this.volumes = listVolumes(manifest).map((listed) => listed.volume);
  }

  async *read(volume: number, range: Extent = this.whole(volume)): AsyncGenerator<RestoredRun> {
    for await (const entries of this.windows(volume, range)) yield* this.readWindow(volume, entries, range);
  }

  async *readMap(volume: number, range: Extent = this.whole(volume)): AsyncGenerator<KnownEntry> {
    for await (const entries of this.windows(volume, range)) yield* entries;
  }

  async readChunks(volume: number, chunks: readonly DataEntry[]): Promise<(Uint8Array | null)[]> {
    const answers = planChunkQuestions(chunks, chunkGapBytesMax).map(async (question) => {
      const answer = await this.channel.ask({ volume, range: question.range, mapOnly: false });
      return [...chunksOfAnswer(question, answer, digestOf)];
    });
    const found = new Map((await Promise.all(answers)).flat());
    return chunks.map(({ offsetBytes }) => found.get(offsetBytes) ?? null);
  }

  close(): Promise<void> {
    this.channel.close();
    return Promise.resolve();
  }

  private whole(volume: number): Extent {
    return { offsetBytes: 0, lengthBytes: this.volumeAt(volume).lengthBytes };
  }

  private volumeAt(volume: number): VolumeManifest {
    const found = this.volumes[volume];
    assertInvariant(found !== undefined, 'the restore point has a volume of this number', { volume });
    return found;
  }

  /** The map of `range`, part by part, each entry once; a chunk that begins in one part and ends in the next comes with the first. */
  private async *windows(volume: number, range: Extent): AsyncGenerator<readonly KnownEntry[]> {
    const manifest = this.volumeAt(volume);
    const proof = range.offsetBytes === 0 && endOf(range) === manifest.lengthBytes ? new MapProof(manifest) : undefined;
    let at = range.offsetBytes;
    let next = this.askMap(volume, at, range);
    while (at < endOf(range)) {
      const entries = await next;
      const last = entries.at(-1);
      at = last ? endOf(last) : endOf(range);
      // The next part is on its way while this one is written.
      if (at < endOf(range)) {
        next = this.askMap(volume, at, range);
        next.catch(ignoreUntilAwaited);
      }
      proof?.add(entries);
      yield entries;
    }
    proof?.finish();
  }

  private async askMap(volume: number, at: number, range: Extent): Promise<KnownEntry[]> {
    const part = { offsetBytes: at, lengthBytes: Math.min(windowBytes, endOf(range) - at) };
    return entriesOfMapAnswer(await this.channel.ask({ volume, range: part, mapOnly: true }), part);
  }

  private async *readWindow(volume: number, entries: readonly KnownEntry[], range: Extent): AsyncGenerator<RestoredRun> {
    const questions = planChunkQuestions(entries);
    const answers: Promise<RestoredRun[]>[] = [];
    const askNext = (): void => {
      const question = questions[answers.length];
      if (!question) return;
      const answer = this.channel.ask({ volume, range: question.range, mapOnly: false }).then((arrived) => runsOfAnswer(question, arrived, digestOf));
      answer.catch(ignoreUntilAwaited);
      answers.push(answer);
    };
    for (let ahead = 0; ahead < questionsAheadMax; ahead += 1) askNext();
    let answered = 0;
    let ready: RestoredRun[] = [];
    let doneTo = 0;
    for (const entry of entries) {
      if (entry.kind !== 'data') {
        yield entry;
        continue;
      }
      // A run of several chunks was handed out with its first one.
      if (entry.offsetBytes < doneTo) continue;
      if (ready.length === 0) {
        const answer = answers[answered];
        assertInvariant(answer !== undefined, 'every chunk belongs to a question');
        ready = [...(await answer)];
        // Handed-out bytes are not kept.
        answers[answered] = nothing;
        answered += 1;
        askNext();
      }
      const run = ready.shift();
      assertInvariant(run?.offsetBytes === entry.offsetBytes, 'runs come in the order of the map');
      doneTo = endOf(run);
      yield cutToRange(run, range);
    }
  }
}

/** Rebuilds the page tree of a volume from what the server says of it and compares the roots. */
class MapProof {
  private readonly builder: PageTreeBuilder;
  private lost = false;

  constructor(private readonly volume: VolumeManifest) {
    this.builder = new PageTreeBuilder(volume.lengthBytes, digestOf, () => undefined);
  }

  add(entries: readonly KnownEntry[]): void {
    for (const entry of entries) {
      if (entry.kind === 'damaged') this.lost = true;
      if (this.lost || entry.kind === 'damaged') return;
      if (entry.offsetBytes !== this.builder.coveredBytes || endOf(entry) > this.volume.lengthBytes) throw new RestoreAnswerInvalid('the parts of the map do not fit together');
      this.builder.push(entry);
    }
  }

  /** Without a part of the map there is nothing to compare; that part is reported as damaged already. */
  finish(): void {
    if (this.lost) return;
    const actual = this.builder.finish();
    if (actual !== this.volume.mapRoot) throw new RestoreRootMismatch({ volumeId: this.volume.volumeId, expected: this.volume.mapRoot, actual });
  }
}

/** Cuts a run to `range`: a chunk at its border may reach beyond. */
function cutToRange(run: RestoredRun, range: Extent): RestoredRun {
  const offsetBytes = Math.max(run.offsetBytes, range.offsetBytes);
  const lengthBytes = Math.min(endOf(run), endOf(range)) - offsetBytes;
  if (run.kind !== 'data') return { kind: run.kind, offsetBytes, lengthBytes };
  const from = offsetBytes - run.offsetBytes;
  return { kind: 'data', offsetBytes, lengthBytes, bytes: run.bytes.subarray(from, from + lengthBytes) };
}

const nothing: Promise<RestoredRun[]> = Promise.resolve([]);

/** The rejection is seen where the promise is awaited; without this an early one would count as unhandled. */
const ignoreUntilAwaited = (): void => undefined;
