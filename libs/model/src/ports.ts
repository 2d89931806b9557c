/** Where time comes from. Domain and engine code never ask the system. */
export interface Clock {
  /** Wall-clock time, milliseconds since 1970-01-01 UTC. May jump. */
  nowMs(): number;
  /** Milliseconds that only ever grow, for durations and time-outs. */
  monotonicMs(): number;
  /** Resolves after `durationMs`, or rejects with the signal's reason when aborted. */
  sleep(durationMs: number, signal?: AbortSignal): Promise<void>;
}

/** Where randomness comes from: cryptographic in production, seeded in simulation. */
export interface Random {
  /** `count` random bytes, owned by the caller. */
  bytes(count: number): Uint8Array;
}
