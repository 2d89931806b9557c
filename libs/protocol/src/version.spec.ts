import { negotiateVersion, ProtocolRange, protocolVersions } from './version.js';

test.each([
  { agent: { min: 1, max: 1 }, server: { min: 1, max: 1 }, gives: { ok: true, version: 1 } },
  { agent: { min: 1, max: 3 }, server: { min: 2, max: 5 }, gives: { ok: true, version: 3 } },
  { agent: { min: 2, max: 9 }, server: { min: 1, max: 4 }, gives: { ok: true, version: 4 } },
  { agent: { min: 2, max: 2 }, server: { min: 1, max: 3 }, gives: { ok: true, version: 2 } },
  { agent: { min: 1, max: 2 }, server: { min: 3, max: 4 }, gives: { ok: false, code: 'AGENT_TOO_OLD' } },
  { agent: { min: 5, max: 6 }, server: { min: 3, max: 4 }, gives: { ok: false, code: 'AGENT_TOO_NEW' } },
])('an agent of $agent.min-$agent.max meets a server of $server.min-$server.max', ({ agent, server, gives }) => {
  expect(negotiateVersion(agent, server)).toMatchObject(gives);
});

test('a refusal says in a sentence which side to upgrade', () => {
  const old = negotiateVersion({ min: 1, max: 2 }, { min: 3, max: 4 });
  expect(old).toMatchObject({ sentence: 'The agent is too old for this server (the agent speaks protocol 1-2, this server 3-4). Upgrade the agent.' });
  const young = negotiateVersion({ min: 5, max: 5 }, { min: 3, max: 4 });
  expect(young).toMatchObject({ sentence: 'The agent is too new for this server (the agent speaks protocol 5, this server 3-4). Upgrade the server first.' });
});

test('a range upside down agrees with nobody', () => {
  expect(negotiateVersion({ min: 3, max: 1 })).toMatchObject({ ok: false });
  expect(ProtocolRange.safeParse({ min: 3, max: 1 }).success).toBe(false);
  expect(ProtocolRange.safeParse(protocolVersions).success).toBe(true);
});
