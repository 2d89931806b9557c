export { LedgerProjection } from './ledger-projection.js';
