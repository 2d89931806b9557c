export { type UsedExtents, type UncleanReason, type FilesystemIdentity, type LeftOutFile, type ReadOptions } from './used-extents.js';
export { readUsedExtents } from './read-used-extents.js';
export { type FileExtent, type MappedFile, type OpenedFilesystem } from './files/mapped-file.js';
export { fileExtents, openFilesystem } from './files/open-filesystem.js';
export { type FilePlace, pathsOfRanges } from './files/paths-of-ranges.js';
