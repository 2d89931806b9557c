export { type UsedExtents, type UncleanReason, type FilesystemIdentity } from './used-extents.js';
export { readUsedExtents } from './read-used-extents.js';
