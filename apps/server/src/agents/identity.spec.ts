import { io } from 'socket.io-client';
import { DashboardChange, dashboardEvents, dashboardNamespace } from '@lifeboat/protocol';
import { SampleAgent } from '../testing/sample-agent.js';
import { TemporaryServer } from '../testing/temporary-server.js';

let server: TemporaryServer;
beforeAll(async () => { server = await TemporaryServer.start(); }, 180_000);
afterAll(() => server.stop(), 180_000);

async function enrolled(name: string): Promise<SampleAgent> {
  const agent = new SampleAgent(server, name);
  await agent.enrol(await server.enrolmentToken());
  return agent;
}

describe('operators', () => {
  test.each([
    { name: 'nothing', headers: {} },
    { name: 'a wrong token', headers: { authorization: 'Bearer nonsense' } },
    { name: 'an unknown cookie', headers: { cookie: 'lifeboat_session=nonsense' } },
  ])('are refused with $name', async ({ headers }) => {
    for (const path of ['/api/v1/computers', '/api/v1/jobs', '/api/v1/store', '/api/v1/held-enrolments', '/api/v1/session']) {
      expect((await server.request('GET', path, undefined, headers)).status).toBe(401);
    }
  });

  test('log in with a cookie that scripts cannot read, and only from pages of the server', async () => {
    const login = await server.request('POST', '/api/v1/login', { token: server.token }, {});
    const cookie = login.headers.get('set-cookie') ?? '';
    expect(cookie).toMatch(/^lifeboat_session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=43200$/);
    const session = cookie.split(';', 1)[0] ?? '';
    expect((await server.request('GET', '/api/v1/computers', undefined, { cookie: session })).status).toBe(200);
    const start = (headers: Record<string, string>): Promise<number> => server.request('POST', '/api/v1/enrolment-tokens', {}, { cookie: session, ...headers }).then((answer) => answer.status);
    expect(await start({ origin: 'https://elsewhere.example' })).toBe(403);
    expect(await start({})).toBe(403);
    expect(await start({ origin: server.url })).toBe(201);
    expect((await server.request('POST', '/api/v1/logout', {}, { cookie: session, origin: server.url })).status).toBe(200);
    expect((await server.request('GET', '/api/v1/computers', undefined, { cookie: session })).status).toBe(401);
  });

  test('watch live pages only with a session and from the server itself', async () => {
    const login = await server.request('POST', '/api/v1/login', { token: server.token }, {});
    const cookie = (login.headers.get('set-cookie') ?? '').split(';', 1)[0] ?? '';
    const connect = (extraHeaders: Record<string, string>): Promise<string> => new Promise((resolve) => {
      const socket = io(`${server.url}${dashboardNamespace}`, { transports: ['websocket'], reconnection: false, forceNew: true, extraHeaders });
      socket.on('connect_error', (error: Error & { data?: { code?: string } }) => {
        socket.close();
        resolve(error.data?.code ?? error.message);
      });
      socket.on('connect', () => {
        void socket.timeout(5000).emitWithAck('watch', { room: 'fleet' }).then((answer: unknown) => {
          socket.close();
          resolve(JSON.stringify(answer));
        });
      });
    });
    expect(await connect({ origin: server.url })).toBe('LOGIN_REQUIRED');
    expect(await connect({ origin: 'https://elsewhere.example', cookie })).toBe('ORIGIN_REFUSED');
    expect(await connect({ origin: server.url, cookie })).toMatch(/^\{"ok":true,"result":\{"seq":\d+\}\}$/);
  });

  test('are told what changed, numbered per room, and only where they watch', async () => {
    const login = await server.request('POST', '/api/v1/login', { token: server.token }, {});
    const cookie = (login.headers.get('set-cookie') ?? '').split(';', 1)[0] ?? '';
    const socket = io(`${server.url}${dashboardNamespace}`, { transports: ['websocket'], reconnection: false, forceNew: true, extraHeaders: { origin: server.url, cookie } });
    const changes: DashboardChange[] = [];
    let wake = (): void => undefined;
    socket.on(dashboardEvents.change, (change: DashboardChange) => {
      changes.push(DashboardChange.parse(change));
      wake();
    });
    const until = async (isThere: () => boolean): Promise<void> => { while (!isThere()) await new Promise<void>((resolve) => { wake = resolve; }); };
    expect(await socket.emitWithAck(dashboardEvents.watch, { room: 'elsewhere' })).toMatchObject({ ok: false, code: 'REQUEST_INVALID' });
    const { result } = (await socket.emitWithAck(dashboardEvents.watch, { room: 'fleet' })) as { result: { seq: number } };
    const agent = await enrolled('watched');
    const isOnline = (online: boolean) => (): boolean => changes.some((change) => change.computers.some((computer) => computer.name === 'watched' && computer.online === online));
    await until(isOnline(false));
    await agent.connect();
    await until(isOnline(true));
    agent.disconnect();
    expect(changes.every((change) => change.room === 'fleet')).toBe(true);
    expect(changes.map((change) => change.seq)).toEqual(changes.map((_, index) => result.seq + 1 + index));
    socket.close();
  }, 60_000);

  test('that guess are slowed down', async () => {
    // Another loopback address: this test must not lock the others out.
    const { request } = await import('node:http');
    const guess = (): Promise<number> => new Promise((resolve, reject) => {
      const attempt = request(new URL('/api/v1/login', server.url), { method: 'POST', localAddress: '127.0.0.9', headers: { 'content-type': 'application/json' } }, (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      });
      attempt.on('error', reject);
      attempt.end(JSON.stringify({ token: 'guess' }));
    });
    const statuses: number[] = [];
    for (let attempt = 0; attempt < 12; attempt += 1) statuses.push(await guess());
    expect(statuses).toEqual([...Array<number>(10).fill(401), 429, 429]);
  });
});

describe('enrolment', () => {
  test('counts uses and answers the same key the same way', async () => {
    const token = await server.enrolmentToken(1);
    const agent = new SampleAgent(server, 'single');
    expect((await agent.enrol(token)).body).toMatchObject({ status: 'enrolled', name: 'single' });
    expect((await agent.enrol(token)).body?.['machineId']).toBe(agent.machineId);
    expect((await new SampleAgent(server, 'second').enrol(token)).body).toMatchObject({ code: 'ENROLMENT_TOKEN_INVALID' });
    expect((await new SampleAgent(server, 'third').enrol('made-up')).status).toBe(401);
    expect((await agent.enrol(token, { name: 'renamed' })).body).toMatchObject({ code: 'KEY_ALREADY_ENROLLED' });
  });

  test('holds a taken name, writes nothing, and does as the admin says', async () => {
    const token = await server.enrolmentToken();
    const first = await enrolled('twin');
    const second = new SampleAgent(server, 'twin');
    const held = await second.enrol(token);
    expect(held.body).toMatchObject({ status: 'held' });
    expect((await second.enrol(token)).body?.['requestId']).toBe(held.body?.['requestId']);
    const twins = async (): Promise<unknown[]> => ((await server.request('GET', '/api/v1/computers')).body?.['computers'] as { name: string }[]).filter((computer) => computer.name === 'twin');
    expect(await twins()).toHaveLength(1);
    const listed = (await server.request('GET', '/api/v1/held-enrolments')).body?.['requests'];
    expect(listed).toEqual([expect.objectContaining({ requestId: held.body?.['requestId'], takenBy: first.machineId })]);

    const resolve = (as: string): Promise<number> => server.request('POST', `/api/v1/held-enrolments/${String(held.body?.['requestId'])}/resolve`, { as }).then((answer) => answer.status);
    expect(await resolve('separate')).toBe(200);
    expect(await resolve('separate')).toBe(200);
    expect(await resolve('reject')).toBe(409);
    expect((await second.enrol(token)).body).toMatchObject({ status: 'enrolled' });
    expect(second.machineId).not.toBe(first.machineId);
    expect(await twins()).toHaveLength(2);
    expect((await server.request('GET', '/api/v1/computers/twin')).body).toMatchObject({ code: 'COMPUTER_NAME_AMBIGUOUS' });
  });

  test('continues a chain with a new key and revokes the old one', async () => {
    const token = await server.enrolmentToken();
    const old = await enrolled('reinstalled');
    expect(await old.connect()).toBeNull();
    const fresh = new SampleAgent(server, 'reinstalled');
    const requestId = String((await fresh.enrol(token)).body?.['requestId']);
    const dropped = new Promise<void>((resolve) => { old.socket?.on('disconnect', () => { resolve(); }); });
    await server.request('POST', `/api/v1/held-enrolments/${requestId}/resolve`, { as: 'continue' });
    await dropped;
    expect((await fresh.enrol(token)).body).toMatchObject({ status: 'enrolled', machineId: old.machineId });
    expect(await old.connect()).toMatchObject({ code: 'HANDSHAKE_REFUSED' });
    expect(await fresh.connect()).toBeNull();
    fresh.disconnect();
  });

  test.each(['../../etc', 'a/b', '🚤 boat', 'x'.repeat(255)])('takes %j as a label', async (name) => {
    expect((await new SampleAgent(server, name).enrol(await server.enrolmentToken())).body).toMatchObject({ status: 'enrolled', name });
  });

  test.each(['', 'a\u0000b', 'x'.repeat(300), 'a\u202eb'])('refuses %j without echoing it', async (name) => {
    const answer = await new SampleAgent(server, 'label').enrol(await server.enrolmentToken(), { name });
    expect(answer.body).toMatchObject({ code: 'REQUEST_INVALID' });
    if (name !== '') expect(answer.text).not.toContain(name);
  });
});

describe('the handshake', () => {
  test('refuses strangers, bad signatures, replays and unknown versions', async () => {
    const agent = await enrolled('prover');
    expect(await agent.connect({})).toMatchObject({ code: 'HANDSHAKE_REFUSED' });
    const stranger = new SampleAgent(server, 'stranger');
    stranger.machineId = agent.machineId;
    expect(await stranger.connect()).toMatchObject({ code: 'HANDSHAKE_REFUSED' });
    const auth = await agent.handshake();
    expect(await agent.connect(auth)).toBeNull();
    agent.disconnect();
    expect(await agent.connect(auth)).toMatchObject({ code: 'HANDSHAKE_REFUSED' });
    expect(await agent.connect(await agent.handshake({ min: 7, max: 9 }))).toMatchObject({ code: 'AGENT_TOO_NEW', message: expect.stringContaining('Upgrade the server first') as string });
  });

  test('lets one of two agents with one key in', async () => {
    const agent = await enrolled('copied');
    expect(await agent.connect()).toBeNull();
    const first = agent.socket;
    expect(await agent.connect()).toMatchObject({ code: 'MACHINE_CONNECTED_ELSEWHERE', retry: 'later' });
    expect(first?.connected).toBe(true);
    first?.disconnect();
  });

  test('replaces a connection that died unnoticed', async () => {
    const agent = await enrolled('asleep');
    await agent.connect();
    const dead = agent.socket;
    // The network swallows everything from here on: no close, no answer to the heartbeat.
    const { transport } = dead?.io.engine as unknown as { transport: { ws: { _socket: { pause(): void } } } };
    transport.ws._socket.pause();
    expect(await agent.connect()).toBeNull();
    expect(await agent.ask('policy.get', {})).toMatchObject({ computerName: 'asleep' });
    agent.disconnect();
    dead?.disconnect();
  }, 60_000);

  test('answers every event, and no error carries the request back', async () => {
    const agent = await enrolled('careless');
    await agent.connect();
    const secret = 'payload-that-must-not-come-back';
    for (const [event, payload, code] of [
      ['session.open', { requestId: secret }, 'REQUEST_INVALID'],
      ['session.attach', { sessionId: 'a'.repeat(32), [secret]: 1 }, 'REQUEST_INVALID'],
      ['session.attach', { sessionId: 'a'.repeat(32) }, 'SESSION_NOT_FOUND'],
      ['job.report', { jobId: 'a'.repeat(32), state: 'done', code: null, message: secret, pointId: null }, 'JOB_NOT_FOUND'],
      ['restore.open', { version: secret.slice(0, 20) }, 'VERSION_NOT_FOUND'],
      ['backup.delete', secret, 'EVENT_UNKNOWN'],
    ] as const) {
      const answer = await agent.emit(event, payload);
      expect(answer).toMatchObject({ ok: false, code });
      expect(JSON.stringify(answer)).not.toContain(secret.slice(0, 20));
    }
    expect(await agent.ask('points.list', {})).toEqual({ points: [] });
    expect(await agent.ask('policy.get', {})).toMatchObject({ computerName: 'careless' });
    agent.disconnect();
  });
});
