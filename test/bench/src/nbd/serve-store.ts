// A drill worker's view: opens a store whose server is stopped and serves a disk of a point on a unix socket. Arguments: store, machine, point, disk, socket.
import { systemClock, systemRandom } from '@lifeboat/codec';
import { MachineId, RestorePointId } from '@lifeboat/model';
import { openDiskImage, serveNbd, storeImageSource } from '@lifeboat/restore';
import { openStore } from '@lifeboat/store';
import { say } from '../support/table.js';

const [path = '', machineId, pointId, diskId = '', socketPath = ''] = process.argv.slice(2);
const store = await openStore({ path, clock: systemClock, random: systemRandom });
const manifest = await store.readManifest(MachineId.parse(machineId), RestorePointId.parse(pointId));
const image = openDiskImage(storeImageSource(store, manifest), { diskId });
const server = await serveNbd({ exports: [{ name: diskId, description: '', image }], listen: { socketPath } });
say(server.uriOf(diskId));
process.once('SIGTERM', () => { void server.close().then(() => store.close()); });
