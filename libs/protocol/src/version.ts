import { z } from 'zod';

/** The protocol versions this build speaks. Raised when a frame or event changes its meaning. */
export const protocolVersions: ProtocolRange = { min: 1, max: 1 };

export const ProtocolRange = z.strictObject({ min: z.number().int().min(1).max(1000), max: z.number().int().min(1).max(1000) }).refine(({ min, max }) => min <= max, 'the range is empty');
export type ProtocolRange = z.infer<typeof ProtocolRange>;

export type Negotiation =
  | Readonly<{ ok: true; version: number }>
  | Readonly<{ ok: false; code: 'AGENT_TOO_OLD' | 'AGENT_TOO_NEW'; sentence: string }>;

/** Picks the highest version both sides speak, or says in a sentence which side must be upgraded. */
export function negotiateVersion(agent: ProtocolRange, server: ProtocolRange = protocolVersions): Negotiation {
  const version = Math.min(agent.max, server.max);
  if (version >= agent.min && version >= server.min) return { ok: true, version };
  const speaks = `the agent speaks protocol ${range(agent)}, this server ${range(server)}`;
  return agent.max < server.min
    ? { ok: false, code: 'AGENT_TOO_OLD', sentence: `The agent is too old for this server (${speaks}). Upgrade the agent.` }
    : { ok: false, code: 'AGENT_TOO_NEW', sentence: `The agent is too new for this server (${speaks}). Upgrade the server first.` };
}

const range = (versions: ProtocolRange): string => (versions.min === versions.max ? String(versions.min) : `${String(versions.min)}-${String(versions.max)}`);
