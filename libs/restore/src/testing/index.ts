export { MemoryPoint, MemoryVolumeSource, type MemoryDisk } from './memory-point.js';
export { makeSampleDisk, sampleDiskBytes } from './sample-disk.js';
export { DataPlaneTwin, type DataPlaneFaults } from './data-plane-twin.js';
export { NbdClient, infoQuery, metaQuery, type NbdReply, type OptionAnswer } from './nbd-client.js';
