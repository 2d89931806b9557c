export { MemoryBlockDevice } from './memory-block-device.js';
export { runTool, temporaryDirectory, attachLoop } from './run-tool.js';
