export { type Ingest, type BackupSession, type SessionState, type SessionBase, type SessionCounters, type OpenSessionRequest } from './ingest.js';
