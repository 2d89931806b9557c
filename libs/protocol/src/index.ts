export { protocolVersions, ProtocolRange, negotiateVersion, type Negotiation } from './version.js';
export {
  type Codec, type BatchEntry, type BatchFrame, type VolumeEndFrame, type AckFrame, type FailFrame, type ReadFrame, type ReadEndFrame, type CreditFrame, type Frame,
  FrameInvalid, segmentBytesMax, batchEntriesMax, frameBytesMax, initialCreditBytes,
} from './frames/frame.js';
export { encodeFrame, decodeFrame, FRAME_HEADER_BYTES } from './frames/frame-codec.js';
export { Refusal, type Ack } from './control/ack.js';
export {
  agentNamespace, dataPlanePath, AgentHandshake, challengeText, SessionVolume, SessionOpen, SessionOpened, SessionAttach, SessionAttached, SessionCommit, SessionCommitted, SessionNeeds, SessionCommitResult, VolumeRange,
  SessionAbort, SessionProgress, PointSummary, PointsListed, RestoreOpen, RestoreOpened, BaseMapOpen, BaseMapOpened, JobReport, JobStart, JobStop, JobAccepted, Nothing,
  agentEvents, serverEvents, type AgentEventName, type ServerEventName,
} from './control/agent-events.js';
export { dashboardNamespace, dashboardEvents, WatchRoom, Watched, DashboardChange } from './control/dashboard-events.js';
export { Computer, Job, Version, ComputerList, VersionList, JobList, PolicyView, ComputerView, ItemsView } from './rest/fleet.js';
export {
  EnrolRequest, EnrolResponse, ChallengeRequest, ChallengeResponse, EnrolmentTokenCreate, EnrolmentTokenCreated, HeldEnrolment, HeldEnrolmentList, EnrolmentResolve,
} from './rest/enrolment.js';
export { restPaths, LoginRequest, BackupStart, BackupStarted, JobStopRequest, RestoreRequest, RestoreGranted, PolicySet, StoreStatus } from './rest/operations.js';
export {
  Pressure, KeepReasonView, RetentionPlanQuery, RetentionSimulation, RetentionPlanView, RetentionComparison, PolicyOrigin, PolicyFields, RetentionRunView, DeletionRequestView, AnomalyView, RetentionView, PolicyChange, SettingsChange,
  BlastRadius, PolicySave, SettingsSave, PolicySaved, SettingsSaved, RetentionRunRequest, RetentionRunStarted, RetentionRunState, PinRequest, ReasonRequest, ImmutableRequest, DeleteRequest, DeleteAnswer,
  DeletionRequestList, DeletionRequestAnswer, TagsSet, TagsView, DeletionList, OperatorView, OperatorList, OperatorCreate, OperatorCreated, Watermarks, Forecast, StoreUsageView, StoreHistoryQuery, StoreHistory, StoreAdvice, StoreConfirm, StoreConfirmed,
} from './rest/retention.js';
export { UpkeepView, GcResult, ScrubRequest, ScrubResult, DamageRange, DamageView } from './rest/upkeep.js';
