export { runCli } from './cli/program.js';
export { exitCodes } from './errors/exit-codes.js';
