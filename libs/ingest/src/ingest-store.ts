import type { Store } from '@lifeboat/store';

/** What a session asks of a store. */
export type IngestStore = Pick<Store, 'putSegment' | 'putPage' | 'flush' | 'has' | 'readPage' | 'commitPoint' | 'readManifest' | 'readLedger' | 'sessionsFs'>;
