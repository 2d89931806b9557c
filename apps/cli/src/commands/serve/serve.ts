import { resolve } from 'node:path';
import type { Command } from 'commander';
import { isLifeboatError, MIB, minutes } from '@lifeboat/model';
import { openDiskImage, serveNbd, type NbdListen, type NbdServer } from '@lifeboat/restore';
import { Usage } from '../../cli-errors.js';
import type { Bind, CommandContext } from '../../command-context.js';
import { exitCodes, type ExitCode } from '../../exit-codes.js';
import { formatBytes, shortId } from '../../output/format.js';
import { parseCount } from '../../parse-count.js';
import { findDisk } from '../recovery/find-disk.js';
import { openPoint } from '../recovery/open-point.js';

type ServeOptions = Readonly<{ version: string; disk?: string; host?: string; port?: string; socket?: string; cache: string }>;

/** The port that IANA keeps for NBD. */
const portDefault = 10809;
const portMax = 65_535;
const cacheBytesDefault = 128 * MIB;
/** While reads keep failing, they are spoken of this often. */
const complaintEveryMs = minutes(1);

/** Adds `serve nbd`. */
export function addServeCommand(program: Command, bind: Bind): void {
  program.command('serve').description('offer restore points to other programs').command('nbd').argument('<computer>', 'name or id')
    .description('offer a disk of a restore point read-only over NBD until Ctrl-C')
    .option('--version <version>', 'id, unique prefix or latest', 'latest')
    .option('--disk <disk>', 'number or id of the disk, see `get items`; not needed when there is one')
    .option('--port <port>', `TCP port, 0 for any free one (${String(portDefault)})`).option('--host <address>', 'address to listen on (127.0.0.1)')
    .option('--socket <path>', 'listen on a unix socket instead, which only this user may open')
    .option('--cache <bytes>', 'memory for chunks and maps', String(cacheBytesDefault))
    .addHelpText('after', '\nNBD knows no login: whoever can connect can read the disk.\n\nExamples:\n  lifeboat serve nbd web-1 --disk 0\n  nbdinfo nbd://127.0.0.1:10809\n  qemu-system-x86_64 -snapshot -drive file=nbd://127.0.0.1:10809,format=raw')
    .action(bind(serve));
}

async function serve(context: CommandContext, computer: string, options: ServeOptions): Promise<ExitCode> {
  const { printer, signal } = context;
  const listen = listenOf(options);
  const cacheBytes = parseCount(options.cache, '--cache');
  const { manifest, source } = await openPoint(context, computer, options.version);
  try {
    const disk = findDisk(manifest, options.disk);
    const { diskId } = disk.facts;
    const image = openDiskImage(source, { diskId, cacheBytes });
    const description = `disk ${diskId} of ${manifest.computerName} at ${new Date(manifest.createdAtMs).toISOString()}`;
    const server = await serveNbd({ exports: [{ name: diskId, description, image }], listen, onError: complainNowAndThen(context) });
    try {
      const uri = server.uriOf(diskId);
      printer.result({ v: 1, uri, ...placeOf(listen, server), export: diskId, computer: manifest.computerName, pointId: manifest.pointId, diskId, sizeBytes: image.sizeBytes, readOnly: true }, () =>
        `${uri}\n${description}, version ${shortId(manifest.pointId)}, ${formatBytes(image.sizeBytes)}, read-only`);
      printer.note('Serving until Ctrl-C.');
      await aborted(signal);
    } finally {
      await server.close();
      await image.close();
    }
  } finally {
    await source.close();
  }
  return exitCodes.ok;
}

function listenOf({ host, port, socket }: ServeOptions): NbdListen {
  if (socket !== undefined) {
    if (host !== undefined || port !== undefined) throw new Usage('--socket and --host or --port exclude each other');
    return { socketPath: resolve(socket) };
  }
  const number = port === undefined ? portDefault : parseCount(port, '--port', 0);
  if (number > portMax) throw new Usage(`--port takes a number up to ${String(portMax)}`);
  return { host: host ?? '127.0.0.1', port: number };
}

const placeOf = (listen: NbdListen, server: NbdServer): Record<string, unknown> => ('socketPath' in listen ? { socket: listen.socketPath } : { host: listen.host, port: server.port });

/** A client that asks again and again must not fill the screen. */
function complainNowAndThen({ printer, clock }: CommandContext): (error: unknown) => void {
  let lastMs = Number.NEGATIVE_INFINITY;
  return (error) => {
    if (clock.monotonicMs() - lastMs < complaintEveryMs) return;
    lastMs = clock.monotonicMs();
    printer.note(`A read failed: ${isLifeboatError(error) ? `${error.message} (${error.code})` : String(error)}; the client was told "input/output error".`);
  };
}

/** Resolves when a person wants the command to end: the normal end of a command that serves. */
function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => { resolve(); }, { once: true });
  });
}
