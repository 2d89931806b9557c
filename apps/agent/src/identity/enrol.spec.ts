import { join } from 'node:path';
import { temporaryDirectory } from '@lifeboat/block-device/testing';
import { challengeText } from '@lifeboat/protocol';
import { prepareHandshake } from '../connection/handshake.js';
import { HttpTwin } from '../testing/http-twin.js';
import { AgentState } from './agent-state.js';
import { enrol, enrolAgain } from './enrol.js';
import { generateKeyPair, isSignedBy } from './key-pair.js';

const machineId = 'a'.repeat(32);
const requestId = 'b'.repeat(32);
let directory: ReturnType<typeof temporaryDirectory>;
let state: AgentState;
let server: HttpTwin;

beforeEach(async () => {
  directory = temporaryDirectory();
  state = await AgentState.open(join(directory.path, 'state'));
  server = await HttpTwin.start();
});
afterEach(async () => {
  await server.stop();
  directory.remove();
});

const options = (changes: object = {}) => ({ serverUrl: server.url, token: 'token', name: 'büro 💾', disks: ['/srv/a.img'], diskSerials: ['S1'], ...changes });
const enrolled = () => ({ status: 201, body: { status: 'enrolled', machineId, name: 'büro 💾', serverPublicKey: server.key.publicKey } });
const held = () => ({ status: 201, body: { status: 'held', requestId, message: 'taken', serverPublicKey: server.key.publicKey } });

test('binds the key to the machine and pins the server\'s key', async () => {
  server.answer = enrolled;
  await enrol(options(), state);
  expect(await state.identity.read()).toMatchObject({ machineId, serverPublicKey: server.key.publicKey, disks: ['/srv/a.img'], pendingToken: null });
  const key = await state.getOrCreateKey();
  expect(server.requests[0]).toMatchObject({ path: '/api/v1/enrolments', body: { token: 'token', name: 'büro 💾', publicKey: key.publicKey, facts: { diskSerials: ['S1'] } } });
});

test('a taken name waits for an admin; asking again uses the same key and token', async () => {
  server.answer = held;
  await expect(enrol(options(), state)).rejects.toMatchObject({ code: 'ENROLMENT_HELD', details: { requestId } });
  const waiting = await state.identity.read();
  expect(waiting).toMatchObject({ machineId: null, requestId, pendingToken: 'token' });
  server.answer = enrolled;
  if (waiting) await enrolAgain(waiting, state);
  expect(await state.identity.read()).toMatchObject({ machineId, requestId: null, pendingToken: null, disks: ['/srv/a.img'] });
  expect(server.requests[1]?.body['publicKey']).toBe(server.requests[0]?.body['publicKey']);
});

test('a rejection is final and writes nothing', async () => {
  server.answer = () => ({ status: 201, body: { status: 'rejected', message: 'no' } });
  await expect(enrol(options(), state)).rejects.toMatchObject({ code: 'ENROLMENT_REJECTED' });
  expect(await state.identity.read()).toBeNull();
});

test('a state directory of another server is not taken over', async () => {
  server.answer = enrolled;
  await enrol(options(), state);
  server.answer = () => ({ status: 201, body: { ...enrolled().body, serverPublicKey: generateKeyPair().publicKey } });
  await expect(enrol(options(), state)).rejects.toMatchObject({ code: 'WRONG_SERVER_KEY' });
  expect(await state.identity.read()).toMatchObject({ serverPublicKey: server.key.publicKey });
});

test.each([
  { name: 'a refusal keeps the server\'s code', answer: { status: 403, body: { ok: false, code: 'ENROLMENT_TOKEN_INVALID', message: 'no', remedy: null, retry: 'never' } }, code: 'ENROLMENT_TOKEN_INVALID' },
  { name: 'a broken server is unreachable', answer: { status: 502, body: '<html>' }, code: 'SERVER_UNREACHABLE' },
  { name: 'something else that answers is no server', answer: { status: 200, body: '<html>hello</html>' }, code: 'SERVER_ANSWER_INVALID' },
])('$name', async ({ answer, code }) => {
  server.answer = () => answer;
  await expect(enrol(options(), state)).rejects.toMatchObject({ code });
});

test.each([{ serverUrl: 'ftp://x/' }, { serverUrl: 'not a url' }, { name: '' }, { name: 'a\u202eb' }, { name: 'x'.repeat(300) }])('refuses %j before asking anyone', async (changes) => {
  await expect(enrol(options(changes), state)).rejects.toMatchObject({ code: 'USAGE_INVALID' });
  expect(server.requests).toEqual([]);
});

test('nobody there is unreachable', async () => {
  await expect(enrol(options({ serverUrl: 'http://127.0.0.1:1/' }), state)).rejects.toMatchObject({ code: 'SERVER_UNREACHABLE' });
});

describe('handshake', () => {
  const challenge = (key = server.key) => (_path: string, body: Record<string, unknown>) => {
    const text = challengeText({ by: 'server', machineId, clientNonce: String(body['clientNonce']), nonce: 'server-nonce' });
    return { status: 200, body: { nonce: 'server-nonce', signature: key.sign(text), serverPublicKey: server.key.publicKey, protocolVersion: 1 } };
  };
  const credentials = async () => ({ serverUrl: server.url, machineId: machineId as never, serverPublicKey: server.key.publicKey, key: await state.getOrCreateKey() });

  test('answers the challenge of the right server', async () => {
    server.answer = challenge();
    const mine = await credentials();
    const handshake = await prepareHandshake(mine, new AbortController().signal);
    const clientNonce = String(server.requests[0]?.body['clientNonce']);
    expect(isSignedBy(mine.key.publicKey, challengeText({ by: 'agent', machineId, clientNonce, nonce: 'server-nonce' }), handshake.signature)).toBe(true);
  });

  test.each([
    { name: 'a signature by another key', change: () => ({ answerKey: generateKeyPair(), pinned: server.key.publicKey }) },
    { name: 'another key altogether', change: () => ({ answerKey: server.key, pinned: generateKeyPair().publicKey }) },
  ])('$name is a wrong server, and nothing is signed for it', async ({ change }) => {
    const { answerKey, pinned } = change();
    server.answer = challenge(answerKey);
    await expect(prepareHandshake({ ...(await credentials()), serverPublicKey: pinned }, new AbortController().signal)).rejects.toMatchObject({ code: 'WRONG_SERVER_KEY' });
  });
});
