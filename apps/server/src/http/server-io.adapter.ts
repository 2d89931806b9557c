import { IoAdapter } from '@nestjs/platform-socket.io';
import { MIB, seconds } from '@lifeboat/model';

/** Manifest drafts carry partition tables; bulk bytes have a plane of their own. A longer message closes the connection. */
const messageBytesMax = 16 * MIB;

type Options = Parameters<IoAdapter['createIOServer']>[1];

/** socket.io as the control plane wants it. */
export class ServerIoAdapter extends IoAdapter {
  override createIOServer(port: number, options?: Options): ReturnType<IoAdapter['createIOServer']> {
    const ours: Partial<NonNullable<Options>> = {
      transports: ['websocket'], serveClient: false, perMessageDeflate: false, maxHttpBufferSize: messageBytesMax,
      // A socket that did not get through a handshake is not kept. Twice as long as an older connection has to show that it lives,
      // because the newer one waits for that in its handshake.
      connectTimeout: seconds(10), pingInterval: seconds(15), pingTimeout: seconds(10),
      // Upgrades of other paths are answered by the data plane.
      destroyUpgrade: false,
    };
    return super.createIOServer(port, { ...options, ...ours } as NonNullable<Options>);
  }
}
