import type { ComputerName, Digest, MachineId, ManifestDraft, MapCounts, RestorePointId, RestorePointManifest, VolumeManifest } from '@lifeboat/model';
import { ManifestMismatch } from '../errors.js';
import type { CommitIntent } from '../journal/journal-format.js';

/** A volume as the session received it. */
export type ReceivedVolume = Readonly<{ volumeId: string; lengthBytes: number; mapRoot: Digest; counts: MapCounts }>;

/** What the server knows of a point that the agent cannot. */
export type PointIdentity = CommitIntent & Readonly<{ machineId: MachineId; computerName: ComputerName }>;

/** What a session received, to be compared with what the agent says it sent. */
export type ReceivedPoint = Readonly<{ volumes: readonly ReceivedVolume[]; basePointId: RestorePointId | null; storedBytes: number }>;

/**
 * Makes the manifest of a point from the agent's draft: identity, time, counts and stored bytes are the server's, the rest is the agent's.
 * @throws ManifestMismatch (MANIFEST_MISMATCH) the draft's volumes are not exactly the received ones with the same length and map root.
 */
export function assembleManifest(draft: ManifestDraft, received: ReceivedPoint, identity: PointIdentity): RestorePointManifest {
  if (draft.basePointId !== null && draft.basePointId !== received.basePointId) throw new ManifestMismatch('another base point', { volumeId: '' });
  const open = new Map(received.volumes.map((volume) => [volume.volumeId, volume]));
  const disks = draft.disks.map((disk) => ({
    ...disk,
    volumes: disk.volumes.map((volume) => {
      const counts = countsOf(volume, open.get(volume.volumeId));
      open.delete(volume.volumeId);
      return { ...volume, counts };
    }),
  }));
  const [missing] = open.keys();
  if (missing !== undefined) throw new ManifestMismatch('a volume that was sent is not in the manifest', { volumeId: missing });
  return { ...draft, ...identity, bytes: { ...draft.bytes, stored: received.storedBytes }, disks };
}

function countsOf(volume: VolumeManifest, received: ReceivedVolume | undefined): MapCounts {
  const { volumeId } = volume;
  if (!received) throw new ManifestMismatch('a volume was not sent, or is listed twice', { volumeId });
  if (received.lengthBytes !== volume.lengthBytes) throw new ManifestMismatch('another length', { volumeId });
  if (received.mapRoot !== volume.mapRoot) throw new ManifestMismatch('another map root', { volumeId });
  return received.counts;
}
