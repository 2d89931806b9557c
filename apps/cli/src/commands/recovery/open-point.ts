import type { RestorePointManifest } from '@lifeboat/model';
import { lastingSource, openRemoteSource, type ImageSource } from '@lifeboat/restore';
import { RestoreGranted, restPaths } from '@lifeboat/protocol';
import type { CommandContext } from '../../command-context.js';

/** A restore point opened for reading; the source is to be closed. */
export type OpenedPoint = Readonly<{ manifest: RestorePointManifest; source: ImageSource }>;

/**
 * Opens a point for reading at random places. The version is looked up once: `latest` stays what it was then, however long the reading lasts and however
 * often the connection is made anew.
 *
 * @param version id, unique prefix or `latest`.
 */
export async function openPoint(context: CommandContext, computer: string, version: string): Promise<OpenedPoint> {
  const { signal } = context;
  const client = context.api();
  const open = (wanted: string): Promise<RestoreGranted> => client.ask({ method: 'POST', path: restPaths.restores, body: { computer, version: wanted } }, RestoreGranted);
  const first = await open(version);
  const { manifest } = first;
  let unused: RestoreGranted | undefined = first;
  const source = lastingSource(manifest, async () => {
    // The first ticket came with the manifest; it serves once and for a minute.
    const { ticket, creditBytes } = unused ?? (await open(manifest.pointId));
    unused = undefined;
    return openRemoteSource({ url: client.url, ticket, creditBytes, manifest, signal, renewTicket: () => open(manifest.pointId) });
  });
  return { manifest, source };
}
