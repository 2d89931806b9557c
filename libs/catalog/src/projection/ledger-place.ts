/** Where and when a record stands in the ledger, as the database holds it. */
export type LedgerPlace = Readonly<{ seq: bigint; atMs: bigint }>;
