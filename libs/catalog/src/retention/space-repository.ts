/** How full the store was at one moment, in bytes, quota applied; `filesystemUsedBytes` are those of all files on its filesystem. */
export type SpaceSample = Readonly<{ atMs: number; sizeBytes: number; usedBytes: number; freeBytes: number; reclaimableBytes: number; filesystemUsedBytes: number }>;

/** What retention found when it last ran to its end. */
export type SpaceMemory = Readonly<{ sizeBytes: number; pressure: 'green' | 'yellow' | 'orange' | 'red' }>;

/** The history of the store's size, for the forecast. Lives in the database only: a lost one begins anew. */
export interface SpaceRepository {
  /** Adds a sample; one of the same moment is replaced. Samples older than `keepSinceMs` are forgotten. */
  add(sample: SpaceSample, keepSinceMs: number): Promise<void>;
  /** From `sinceMs` on, oldest first. */
  list(sinceMs: number): Promise<readonly SpaceSample[]>;
  /** Null: retention has not run since the database was made. */
  memory(): Promise<SpaceMemory | null>;
  remember(memory: SpaceMemory): Promise<void>;
}
