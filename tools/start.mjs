// `npm start`: prepares what is missing, then runs the server for daily use. Arguments are those of `lifeboat server start`.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { env, node, prepare, root } from './setup/prepare.mjs';

prepare('demo');
const server = spawn(node, [path.join(root, 'apps/cli/bin/lifeboat.mjs'), 'server', 'start', ...process.argv.slice(2)], { stdio: 'inherit', env, cwd: process.env.INIT_CWD ?? process.cwd() });
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => server.kill(signal));
server.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 1)));
