import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { endOf, KIB, MIB } from '@lifeboat/model';
import { temporaryDirectory } from '@lifeboat/block-device/testing';
import { openDiskImage } from '../image/open-disk-image.js';
import { infoQuery, makeSampleDisk, MemoryPoint, MemoryVolumeSource, metaQuery, NbdClient, sampleDiskBytes } from '../testing/index.js';
import { command, commandFlag, NBD, option, optionReply } from './nbd-protocol.js';
import { serveNbd, type NbdServer, type NbdServerOptions } from './serve-nbd.js';

let directory: { path: string; remove: () => void };
let point: MemoryPoint;
let source: MemoryVolumeSource;
let expected: Buffer;
let server: NbdServer;
let failures: unknown[];
const socketPath = (): string => join(directory.path, 'nbd.sock');

beforeAll(async () => {
  directory = temporaryDirectory();
  const disk = await makeSampleDisk();
  point = new MemoryPoint([disk, { ...disk, diskId: 'sdb' }]);
  expected = Buffer.from(disk.bytes);
  for (const extent of disk.unallocated ?? []) expected.fill(0, extent.offsetBytes, endOf(extent));
});
afterAll(() => { directory.remove(); });
beforeEach(async () => {
  source = new MemoryVolumeSource(point);
  await start();
});
afterEach(() => server.close());

async function start(options: Partial<NbdServerOptions> = {}): Promise<void> {
  failures = [];
  const exports = ['sda', 'sdb'].map((name) => ({ name, description: `disk ${name}`, image: openDiskImage(source, { diskId: name, cacheBytes: 8 * MIB }) }));
  server = await serveNbd({ exports, listen: { socketPath: socketPath() }, onError: (error) => failures.push(error), ...options });
}
async function restart(options: Partial<NbdServerOptions>): Promise<void> {
  await server.close();
  await start(options);
}
const client = (): Promise<NbdClient> => NbdClient.connect({ path: socketPath() });
const hungUp = (peer: NbdClient): Promise<void> => peer.hungUp();
const exportFacts = (flags: string): Buffer => Buffer.from(`0000${sampleDiskBytes.toString(16).padStart(16, '0')}${flags}`, 'hex');

describe('the handshake', () => {
  test('begins with the bytes of the fixed newstyle', async () => {
    const peer = await client();
    expect((await peer.input.take(18)).toString('hex')).toBe('4e42444d4147494349484156454f50540003');
    peer.socket.destroy();
  });

  test('GO answers with size, flags, name, description and block sizes, to the byte', async () => {
    const peer = await client();
    await peer.greet();
    await peer.ask(option.structuredReply);
    const answers = await peer.ask(option.go, infoQuery('sdb', [1, 2, 3]));
    expect(answers.map(({ type, data }) => [type, data.toString('hex')])).toEqual([
      [optionReply.info, exportFacts('0587').toString('hex')], [optionReply.info, `0001${Buffer.from('sdb').toString('hex')}`], [optionReply.info, `0002${Buffer.from('disk sdb').toString('hex')}`],
      [optionReply.info, '0003000000010001000002000000'], [optionReply.ack, ''],
    ]);
    await peer.disconnect();
  });

  test('INFO haggles on, LIST names every export, the empty name is the first', async () => {
    const peer = await client();
    await peer.greet();
    expect((await peer.ask(option.info, infoQuery('')))[0]?.data.toString('hex')).toBe(exportFacts('0507').toString('hex'));
    expect((await peer.ask(option.list)).map(({ type, data }) => [type, data.toString('latin1')])).toEqual([[optionReply.server, '\0\0\0\u0003sdadisk sda'], [optionReply.server, '\0\0\0\u0003sdbdisk sdb'], [optionReply.ack, '']]);
    expect((await peer.ask(option.abort)).at(-1)?.type).toBe(optionReply.ack);
    await hungUp(peer);
  });

  test.each([
    { name: 'STARTTLS', type: 5, data: Buffer.alloc(0), answer: optionReply.errUnsupported },
    { name: 'an unknown option with data', type: 4711, data: Buffer.alloc(1000), answer: optionReply.errUnsupported },
    { name: 'extended headers', type: 11, data: Buffer.alloc(0), answer: optionReply.errUnsupported },
    { name: 'an unknown export', type: option.go, data: infoQuery('nope'), answer: optionReply.errUnknown },
    { name: 'GO with too little data', type: option.go, data: Buffer.from('00000009', 'hex'), answer: optionReply.errInvalid },
    { name: 'GO with too much data', type: option.go, data: Buffer.concat([infoQuery('sda'), Buffer.alloc(1)]), answer: optionReply.errInvalid },
    { name: 'LIST with data', type: option.list, data: Buffer.alloc(1), answer: optionReply.errInvalid },
    { name: 'STRUCTURED_REPLY with data', type: option.structuredReply, data: Buffer.alloc(4), answer: optionReply.errInvalid },
    { name: 'contexts before structured replies', type: option.setMetaContext, data: metaQuery('sda', ['base:allocation']), answer: optionReply.errInvalid },
  ])('$name is refused, and haggling goes on', async ({ type, data, answer }) => {
    const peer = await client();
    await peer.greet();
    expect((await peer.ask(type, data)).map((reply) => reply.type)).toEqual([answer]);
    expect((await peer.ask(option.go, infoQuery('sda'))).at(-1)?.type).toBe(optionReply.ack);
    await peer.disconnect();
  });

  test('metadata contexts are listed, set, replaced, and belong to one export', async () => {
    const peer = await client();
    await peer.greet();
    await peer.ask(option.structuredReply);
    const context = (id: number): unknown => ({ option: expect.any(Number), type: optionReply.metaContext, data: Buffer.concat([Buffer.from([0, 0, 0, id]), Buffer.from('base:allocation')]) });
    expect((await peer.ask(option.listMetaContext, metaQuery('sda', [])))[0]).toEqual(context(0));
    expect((await peer.ask(option.listMetaContext, metaQuery('sda', ['base:'])))[0]).toEqual(context(0));
    expect(await peer.ask(option.listMetaContext, metaQuery('sda', ['qemu:dirty-bitmap:x']))).toHaveLength(1);
    expect((await peer.ask(option.setMetaContext, metaQuery('sda', ['x-other:y', 'base:allocation'])))[0]).toEqual(context(1));
    expect((await peer.ask(option.setMetaContext, Buffer.alloc(8, 0xff)))[0]?.type).toBe(optionReply.errInvalid);
    await peer.ask(option.go, infoQuery('sda'));
    peer.request(command.blockStatus, 0, 512);
    // The broken second SET took the context away.
    expect(await peer.takeChunks()).toMatchObject([{ type: 0x8001, payload: Buffer.from('000000160000', 'hex') }]);
    await peer.disconnect();
  });

  test('EXPORT_NAME is the old way in: with zeroes or without, and hanging up on unknown names', async () => {
    const old = await client();
    await old.greet(1);
    old.sendOption(option.exportName, Buffer.from('sda'));
    const answer = await old.input.take(134);
    expect(answer.subarray(0, 10).toString('hex')).toBe(exportFacts('0507').subarray(2).toString('hex'));
    expect(answer.subarray(10).every((byte) => byte === 0)).toBe(true);
    old.request(command.read, 0, 512);
    expect(await old.takeReply()).toMatchObject({ kind: 'simple', error: 0, data: expected.subarray(0, 512) });
    await old.disconnect();
    const lost = await client();
    await lost.greet();
    lost.sendOption(option.exportName, Buffer.from('nope'));
    await hungUp(lost);
  });
});

describe('commands', () => {
  let peer: NbdClient;
  beforeEach(async () => {
    peer = await client();
    await peer.go('sda');
  });
  afterEach(() => peer.socket.destroy());

  test('a structured read is data and holes at their offsets', async () => {
    const cookie = peer.request(command.read, 20 * MIB - 1000, 2 * MIB);
    const got = Buffer.alloc(2 * MIB, 0xee);
    const chunks = await peer.takeChunks();
    for (const chunk of chunks) {
      expect(chunk.cookie).toBe(cookie);
      const at = Number(chunk.payload.readBigUInt64BE(0)) - (20 * MIB - 1000);
      if (chunk.type === 1) chunk.payload.copy(got, at, 8);
      else got.fill(0, at, at + chunk.payload.readUInt32BE(8));
    }
    expect(new Set(chunks.map((chunk) => chunk.type))).toEqual(new Set([1, 2]));
    expect(chunks.map((chunk) => chunk.flags)).toEqual(chunks.map((_, index) => (index === chunks.length - 1 ? 1 : 0)));
    expect(Buffer.compare(got, expected.subarray(20 * MIB - 1000, 22 * MIB - 1000))).toBe(0);
  });

  test('an unfragmented read is one chunk of data; a long one is EOVERFLOW', async () => {
    peer.request(command.read, 20 * MIB - 512 * KIB, MIB, commandFlag.dontFragment);
    const chunks = await peer.takeChunks();
    expect(chunks).toMatchObject([{ type: 1, flags: 1 }]);
    expect(Buffer.compare(chunks[0]?.payload.subarray(8) ?? Buffer.alloc(0), expected.subarray(20 * MIB - 512 * KIB, 20 * MIB + 512 * KIB))).toBe(0);
    peer.request(command.read, 0, MIB + 1, commandFlag.dontFragment);
    expect(await peer.takeChunks()).toMatchObject([{ type: 0x8001, payload: Buffer.from('0000004b0000', 'hex') }]);
  });

  test('block status tells data, zeros and holes, and one run when one is asked for', async () => {
    peer.request(command.blockStatus, 31 * MIB, 4 * MIB);
    const [status] = await peer.takeChunks();
    // One MiB of zeros, two of what the filesystem does not use, one of zeros.
    expect(status).toMatchObject({ type: 5, flags: 1, payload: Buffer.from(['00000001', '0010000000000002', '0020000000000003', '0010000000000002'].join(''), 'hex') });
    peer.request(command.blockStatus, 31 * MIB, 4 * MIB, commandFlag.requestOne);
    expect(await peer.takeChunks()).toMatchObject([{ payload: Buffer.from('000000010010000000000002', 'hex') }]);
  });

  test('a lost chunk ends its reply with EIO at the exact offset', async () => {
    const victim = point.maps[2]?.find((entry) => entry.kind === 'data' && entry.offsetBytes > 3 * MIB);
    if (victim?.kind !== 'data') throw new TypeError('no chunk');
    source.lost.add(victim.digest);
    peer.request(command.read, 9 * MIB + victim.offsetBytes - 4096, 8192);
    const chunks = await peer.takeChunks();
    expect(chunks).toMatchObject([{ type: 1, flags: 0 }, { type: 0x8002, flags: 1 }]);
    const error = chunks[1]?.payload ?? Buffer.alloc(0);
    expect(error.readUInt32BE(0)).toBe(5);
    expect(Number(error.readBigUInt64BE(error.length - 8))).toBe(9 * MIB + victim.offsetBytes);
    expect(failures).toEqual([]);
  });

  test.each([
    { name: 'WRITE', type: command.write, error: 1, payload: 512 }, { name: 'TRIM', type: command.trim, error: 1 }, { name: 'WRITE_ZEROES', type: command.writeZeroes, error: 1 },
    { name: 'an unknown command', type: 99, error: 22 }, { name: 'FLUSH', type: command.flush, error: 0 }, { name: 'CACHE', type: command.cache, error: 0 },
    { name: 'FLUSH with a flag', type: command.flush, flags: 1, error: 22 },
  ])('$name is answered with error $error', async ({ type, error, payload = 0, flags = 0 }) => {
    const cookie = peer.request(type, 0, 512, flags);
    peer.socket.write(Buffer.alloc(payload, 0xaa));
    expect(await peer.takeReply()).toEqual({ kind: 'simple', cookie, error, data: Buffer.alloc(0) });
    peer.request(command.read, 0, 512);
    expect((await peer.takeChunks())[0]?.payload.subarray(8)).toEqual(expected.subarray(0, 512));
  });

  test.each([
    { name: 'beyond the end', offset: BigInt(sampleDiskBytes) - 1n, length: 2, error: 22 }, { name: 'at the end of all numbers', offset: 2n ** 64n - 1n, length: 1, error: 22 },
    { name: 'with unknown flags', offset: 0n, length: 1, flags: 0x8000, error: 22 }, { name: 'longer than any payload', offset: 0n, length: 32 * MIB + 1, error: 75 },
  ])('a read $name is an error, and the connection lives', async ({ offset, length, flags = 0, error }) => {
    peer.request(command.read, offset, length, flags);
    expect((await peer.takeChunks()).map((chunk) => [chunk.type, chunk.payload.readUInt32BE(0)])).toEqual([[0x8001, error]]);
    peer.request(command.read, sampleDiskBytes - 1, 1);
    expect(await peer.takeChunks()).toHaveLength(1);
  });

  test('a read of nothing is answered with nothing', async () => {
    peer.request(command.read, 0, 0);
    expect(await peer.takeChunks()).toMatchObject([{ type: 0, flags: 1 }]);
  });

  test('many requests at a time are all answered before a disconnect', async () => {
    const cookies = Array.from({ length: 300 }, (_, index) => peer.request(command.read, 9 * MIB + index * 1000, 1000));
    peer.request(command.disconnect, 0, 0);
    const answered = new Set<bigint>();
    for (let reply = await peer.takeReply(); reply; reply = await peer.takeReply()) if (reply.kind === 'chunk' && (reply.flags & 1) === 1) answered.add(reply.cookie);
    expect(answered).toEqual(new Set(cookies));
  });

  test('a source that cannot be asked is EIO, is reported, and the next read works', async () => {
    const readChunks = source.readChunks.bind(source);
    source.readChunks = () => Promise.reject(new RangeError('no connection'));
    peer.request(command.read, 10 * MIB, 512);
    expect((await peer.takeChunks()).map((chunk) => chunk.payload.readUInt32BE(0))).toEqual([5]);
    expect(failures).toEqual([expect.objectContaining({ message: 'no connection' })]);
    source.readChunks = readChunks;
    peer.request(command.read, 10 * MIB, 512);
    expect(await peer.takeChunks()).toMatchObject([{ type: 1 }]);
  });
});

describe('simple replies', () => {
  test('read as it was, short and long', async () => {
    const peer = await client();
    await peer.go('sda', false);
    for (const [offset, length] of [[5, 1], [9 * MIB - 100, 3 * MIB], [MIB, 32 * MIB]] as const) {
      peer.request(command.read, offset, length);
      const reply = await peer.takeReply();
      expect(reply).toMatchObject({ kind: 'simple', error: 0 });
      expect(Buffer.compare(reply?.kind === 'simple' ? reply.data : Buffer.alloc(0), expected.subarray(offset, offset + length))).toBe(0);
    }
    await peer.disconnect();
  });

  test('a long read with a lost chunk is EIO before any byte; one that breaks while it is sent hangs up', async () => {
    const victim = point.maps[2]?.filter((entry) => entry.kind === 'data').at(-1);
    if (victim?.kind !== 'data') throw new TypeError('no chunk');
    const peer = await client();
    await peer.go('sda', false);
    source.lost.add(victim.digest);
    peer.request(command.read, 9 * MIB, 30 * MIB);
    expect(await peer.takeReply()).toMatchObject({ error: 5 });
    source.lost.clear();
    // The check of the first pass fills the small cache and is pushed out again; what is gone by the second pass cannot be taken back.
    const readChunks = source.readChunks.bind(source);
    let passes = 0;
    source.readChunks = async (volume, chunks) => {
      if (chunks.some((chunk) => chunk.digest === victim.digest) && (passes += 1) > 1) source.lost.add(victim.digest);
      return readChunks(volume, chunks);
    };
    peer.request(command.read, 9 * MIB, 30 * MIB);
    await expect(peer.takeReply()).rejects.toMatchObject({ code: 'NBD_CLIENT_INVALID' });
    expect(failures).toEqual([expect.objectContaining({ code: 'NBD_REPLY_BROKEN' })]);
  });
});

describe('hostile clients', () => {
  const stillServes = async (): Promise<void> => {
    const peer = await client();
    await peer.go('sda');
    peer.request(command.read, 0, 512);
    expect((await peer.takeChunks())[0]?.payload.subarray(8)).toEqual(expected.subarray(0, 512));
    await peer.disconnect();
  };

  test('garbage of any kind, at any stage, only costs its own connection', async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom('greeting', 'options', 'requests'), fc.array(fc.uint8Array({ minLength: 1, maxLength: 400 }), { maxLength: 6 }), fc.boolean(), async (stage, writes, withMagic) => {
        const peer = await client();
        if (stage === 'options') await peer.greet();
        if (stage === 'requests') await peer.go('sda');
        const magic = Buffer.alloc(8);
        if (stage === 'requests') magic.writeUInt32BE(NBD.requestMagic, 0);
        else magic.writeBigUInt64BE(NBD.optionMagic, 0);
        for (const bytes of writes) peer.socket.write(withMagic ? Buffer.concat([stage === 'requests' ? magic.subarray(0, 4) : magic, bytes]) : bytes);
        peer.socket.end();
        await hungUp(peer);
      }),
      { numRuns: 150 },
    );
    expect(failures).toEqual([]);
    await stillServes();
  });

  test.each([
    { name: 'unknown client flags', play: async (peer: NbdClient) => { await peer.greet(0x80000003); } },
    { name: 'an option of 4 GiB', play: async (peer: NbdClient) => { await peer.greet(); peer.socket.write(Buffer.from('49484156454f505400000007ffffffff', 'hex')); } },
    { name: 'options without end', play: async (peer: NbdClient) => { await peer.greet(); for (let count = 0; count < 300; count += 1) peer.sendOption(4711); } },
    { name: 'a write of 4 GiB', play: async (peer: NbdClient) => { await peer.go('sda'); peer.request(command.write, 0, 0xffffffff); } },
    { name: 'a request without magic', play: async (peer: NbdClient) => { await peer.go('sda'); peer.socket.write(Buffer.alloc(28)); } },
  ])('$name is hung up on', async ({ play }) => {
    const peer = await client();
    await play(peer);
    await hungUp(peer);
    await stillServes();
  });

  test('a client that only connects, or stops in the middle of the handshake, is cut off in time', async () => {
    await restart({ handshakeMs: 50 });
    const silent = await client();
    const half = await client();
    await half.greet();
    half.socket.write(Buffer.from('49484156', 'hex'));
    await Promise.all([hungUp(silent), hungUp(half)]);
    while (server.connections > 0) await turn();
  });

  test('a client that asks for gigabytes and reads nothing costs bounded memory and is cut off', async () => {
    await restart({ stallMs: 300 });
    const readsBefore = source.fetched.length;
    const peer = await client();
    await peer.go('sda');
    peer.socket.pause();
    for (let count = 0; count < 2000; count += 1) peer.request(command.read, 9 * MIB, 10 * MIB);
    const before = process.memoryUsage().arrayBuffers;
    let most = 0;
    while (server.connections > 0) {
      most = Math.max(most, process.memoryUsage().arrayBuffers - before);
      await turn();
    }
    expect(most).toBeLessThan(64 * MIB);
    expect(source.fetched.length - readsBefore).toBeLessThan(500);
    peer.socket.destroy();
  });

  test('more clients than allowed are hung up on; the others go on', async () => {
    await restart({ connectionsMax: 2 });
    const kept = [await client(), await client()];
    for (const peer of kept) await peer.go('sda');
    await hungUp(await client());
    for (const peer of kept) {
      peer.request(command.read, 0, 512);
      expect(await peer.takeChunks()).toHaveLength(1);
      await peer.disconnect();
    }
  });

  test('closing the server ends every connection', async () => {
    const peer = await client();
    await peer.go('sda');
    await Promise.all([server.close(), hungUp(peer)]);
  });
});
