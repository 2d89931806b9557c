import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { runCli } from './run-cli.js';

const { version } = z.object({ version: z.string() }).parse(JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')));

const stop = new AbortController();
// Commands that can stop in the middle watch the signal; a second Ctrl-C ends the process at once.
process.once('SIGINT', () => { stop.abort(); });
process.once('SIGTERM', () => { stop.abort(); });

process.exitCode = await runCli(process.argv.slice(2), {
  version,
  signal: stop.signal,
  streams: { out: (text) => void process.stdout.write(text), err: (text) => void process.stderr.write(text) },
});
