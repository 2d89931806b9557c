import { endOf, KIB, MIB, type Extent } from '@lifeboat/model';

/** Readers that are followed at a time; a client with several connections is several readers. */
const readersMax = 16;
/** How far behind or before the expected place a read may begin: clients that keep many reads in flight let them overtake each other. */
const slackBytes = 512 * KIB;
const aheadBytesMin = 256 * KIB;
const aheadBytesMax = 4 * MIB;
/** Reads in a row before anything is read ahead. */
const hitsMin = 2;

type Reader = { nextBytes: number; hits: number; aheadBytes: number; plannedToBytes: number };

/** Notices reads that follow each other and says what to fetch before it is asked for. Pure bookkeeping. */
export class ReadAhead {
  private readonly readers: Reader[] = [];

  constructor(private readonly sizeBytes: number) {}

  /** Notes a read. @returns what to fetch now, or null. The distance doubles from 256 KiB to 4 MiB while the reader goes on. */
  note(range: Extent): Extent | null {
    const reader = this.readers.find((candidate) => Math.abs(range.offsetBytes - candidate.nextBytes) <= slackBytes);
    if (!reader) {
      this.readers.unshift({ nextBytes: endOf(range), hits: 0, aheadBytes: aheadBytesMin, plannedToBytes: endOf(range) });
      this.readers.length = Math.min(this.readers.length, readersMax);
      return null;
    }
    this.readers.splice(this.readers.indexOf(reader), 1);
    this.readers.unshift(reader);
    reader.nextBytes = Math.max(reader.nextBytes, endOf(range));
    reader.hits += 1;
    if (reader.hits < hitsMin) return null;
    const from = Math.max(reader.plannedToBytes, reader.nextBytes);
    const to = Math.min(this.sizeBytes, reader.nextBytes + reader.aheadBytes);
    // Half a distance at a time, so that neighbours are fetched together.
    if (to - from < reader.aheadBytes / 2) return null;
    reader.plannedToBytes = to;
    reader.aheadBytes = Math.min(aheadBytesMax, reader.aheadBytes * 2);
    return { offsetBytes: from, lengthBytes: to - from };
  }
}
