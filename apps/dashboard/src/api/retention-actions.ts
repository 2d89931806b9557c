import type { RetentionPolicy, RetentionScope, StoreSettings } from '@lifeboat/model';
import { BlastRadius, DeleteAnswer, PolicySaved, RetentionRunStarted, SettingsSaved, UpkeepView, restPaths } from '@lifeboat/protocol';
import { fillPath, send, sendJson } from './rest-client.js';

/** A policy for a scope; null goes back to the scope above. */
export type PolicyDraft = Readonly<{ scope: RetentionScope; policy: RetentionPolicy | null }>;

/** Carries the plan out that was shown; refused with PLAN_STALE when it is another one by now. */
export const runRetention = (planHash: string) => sendJson({ method: 'POST', path: restPaths.retentionRun }, { planHash }, RetentionRunStarted);

/** Ends the run of retention between two points. */
export const stopRetention = (): Promise<void> => send({ method: 'POST', path: restPaths.retentionStop }, {});

/** What saving a policy would delete within seven days. */
export const policyRadius = (draft: PolicyDraft) => sendJson({ method: 'POST', path: restPaths.retentionBlastRadius }, draft, BlastRadius);

/** Saves a policy; `confirm` is that of the radius which was shown. */
export const savePolicy = (draft: PolicyDraft, confirm: string | null) => sendJson({ method: 'PUT', path: restPaths.retentionPolicies }, { ...draft, confirm }, PolicySaved);

/** What saving other settings would delete within seven days. */
export const settingsRadius = (settings: StoreSettings) => sendJson({ method: 'POST', path: restPaths.retentionSettingsBlastRadius }, { settings }, BlastRadius);

/** Saves the settings of the store; `confirm` is that of the radius which was shown. */
export const saveSettings = (settings: StoreSettings, confirm: string | null) => sendJson({ method: 'PUT', path: restPaths.retentionSettings }, { settings, confirm }, SettingsSaved);

/** Sets the tags of a machine, by which policies reach it. */
export const setTags = (machineId: string, tags: readonly string[]): Promise<void> => send({ method: 'PUT', path: fillPath(restPaths.machineTags, { computer: machineId }) }, { tags });

/** Collects garbage now. */
export const collectGarbage = () => sendJson({ method: 'POST', path: restPaths.storeGc }, {}, UpkeepView);

/** Reads every stored byte again. */
export const scrubStore = () => sendJson({ method: 'POST', path: restPaths.storeScrub }, { all: true }, UpkeepView);

/** Consents to a deletion that somebody else asked for. */
export const approveDeletion = (requestId: string): Promise<void> => send({ method: 'POST', path: fillPath(restPaths.approveDeletion, { requestId }) }, {});

/** Takes a deletion request back. */
export const withdrawDeletion = (requestId: string, reason: string): Promise<void> => send({ method: 'POST', path: fillPath(restPaths.withdrawDeletion, { requestId }) }, { reason });

/** Says that a machine's change was meant; its points are pruned again. */
export const clearAnomaly = (machineId: string, reason: string): Promise<void> => send({ method: 'POST', path: fillPath(restPaths.clearAnomaly, { computer: machineId }) }, { reason });

/** A restore point of a machine. */
export type PointName = Readonly<{ machineId: string; pointId: string }>;
const pointPath = (path: string, { machineId, pointId }: PointName): Readonly<{ method: 'POST'; path: string }> => ({ method: 'POST', path: fillPath(path, { computer: machineId, version: pointId }) });

/** Keeps a point until a moment, or with null until it is unpinned. */
export const pinPoint = (point: PointName, reason: string, until: number | null): Promise<void> => send(pointPath(restPaths.pinVersion, point), { reason, until });
/** Lets a pinned point follow its policy again. */
export const unpinPoint = (point: PointName): Promise<void> => send(pointPath(restPaths.unpinVersion, point), {});
/** Keeps a point for a legal reason. */
export const holdPoint = (point: PointName, reason: string): Promise<void> => send(pointPath(restPaths.holdVersion, point), { reason });
/** Lifts a legal hold; only for admins. */
export const releasePoint = (point: PointName, reason: string): Promise<void> => send(pointPath(restPaths.releaseVersion, point), { reason });
/** Brings a deleted point back. */
export const undeletePoint = (point: PointName, reason: string): Promise<void> => send(pointPath(restPaths.undeleteVersion, point), { reason });
/** Deletes a point, or asks for it where a second operator has to consent; `confirm` is the name of the computer. */
export const deletePoint = (point: PointName, asked: Readonly<{ reason: string; confirm: string }>) => sendJson(pointPath(restPaths.deleteVersion, point), asked, DeleteAnswer);
