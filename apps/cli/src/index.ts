export { runCli, type CliPorts } from './run-cli.js';
