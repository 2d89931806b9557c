-- AlterTable
ALTER TABLE "computer" ADD COLUMN     "proof_level" INTEGER,
ADD COLUMN     "proof_at_ms" BIGINT;

-- AlterTable
ALTER TABLE "restore_point" ADD COLUMN     "layout_digest" TEXT,
ADD COLUMN     "os_version" TEXT,
ADD COLUMN     "mark_cause" TEXT,
ADD COLUMN     "mark_reason" TEXT,
ADD COLUMN     "marked_at_ms" BIGINT,
ADD COLUMN     "condemned_at_ms" BIGINT,
ADD COLUMN     "purge_after_ms" BIGINT,
ADD COLUMN     "condemned_by" TEXT,
ADD COLUMN     "condemned_reason" TEXT,
ADD COLUMN     "pinned_at_ms" BIGINT,
ADD COLUMN     "pinned_until_ms" BIGINT,
ADD COLUMN     "pinned_reason" TEXT,
ADD COLUMN     "pinned_actor" TEXT,
ADD COLUMN     "held_at_ms" BIGINT,
ADD COLUMN     "held_reason" TEXT,
ADD COLUMN     "held_actor" TEXT,
ADD COLUMN     "immutable_until_ms" BIGINT,
ADD COLUMN     "proof_level" INTEGER,
ADD COLUMN     "proof_at_ms" BIGINT;

-- AlterTable
ALTER TABLE "operator_token" ADD COLUMN     "role" TEXT NOT NULL DEFAULT 'admin';

-- CreateTable
CREATE TABLE "drill" (
    "drill_id" TEXT NOT NULL,
    "seq" BIGINT NOT NULL,
    "machine_id" TEXT NOT NULL,
    "point_id" TEXT NOT NULL,
    "level" INTEGER NOT NULL,
    "verdict" TEXT NOT NULL,
    "step" TEXT,
    "code" TEXT,
    "detail" TEXT NOT NULL,
    "trigger" TEXT NOT NULL,
    "started_at_ms" BIGINT NOT NULL,
    "finished_at_ms" BIGINT NOT NULL,
    "rto_ms" BIGINT,
    "rpo_ms" BIGINT,
    "evidence_json" TEXT NOT NULL,

    CONSTRAINT "drill_pkey" PRIMARY KEY ("drill_id")
);

-- CreateTable
CREATE TABLE "retention_policy" (
    "seq" BIGINT NOT NULL,
    "scope" TEXT NOT NULL,
    "policy_json" TEXT,
    "actor" TEXT NOT NULL,
    "set_at_ms" BIGINT NOT NULL,

    CONSTRAINT "retention_policy_pkey" PRIMARY KEY ("seq")
);

-- CreateTable
CREATE TABLE "machine_tag" (
    "machine_id" TEXT NOT NULL,
    "tag" TEXT NOT NULL,

    CONSTRAINT "machine_tag_pkey" PRIMARY KEY ("machine_id", "tag")
);

-- CreateTable
CREATE TABLE "point_deletion" (
    "seq" BIGINT NOT NULL,
    "machine_id" TEXT NOT NULL,
    "point_id" TEXT NOT NULL,
    "by" TEXT NOT NULL,
    "reason" TEXT NOT NULL,
    "actor" TEXT NOT NULL,
    "plan_hash" TEXT,
    "condemned_at_ms" BIGINT NOT NULL,
    "undeleted_at_ms" BIGINT,
    "purged_at_ms" BIGINT,

    CONSTRAINT "point_deletion_pkey" PRIMARY KEY ("seq")
);

-- CreateTable
CREATE TABLE "deletion_request" (
    "request_id" TEXT NOT NULL,
    "seq" BIGINT NOT NULL,
    "points_json" TEXT NOT NULL,
    "reason" TEXT NOT NULL,
    "actor" TEXT NOT NULL,
    "requested_at_ms" BIGINT NOT NULL,
    "execute_after_ms" BIGINT NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'waiting',
    "decided_actor" TEXT,
    "decided_at_ms" BIGINT,

    CONSTRAINT "deletion_request_pkey" PRIMARY KEY ("request_id")
);

-- CreateTable
CREATE TABLE "retention_run" (
    "seq" BIGINT NOT NULL,
    "plan_hash" TEXT NOT NULL,
    "round" INTEGER NOT NULL,
    "pruned_points" INTEGER NOT NULL,
    "freed_bytes" BIGINT NOT NULL,
    "shortfall_bytes" BIGINT NOT NULL,
    "ran_at_ms" BIGINT NOT NULL,

    CONSTRAINT "retention_run_pkey" PRIMARY KEY ("seq")
);

-- CreateTable
CREATE TABLE "anomaly" (
    "seq" BIGINT NOT NULL,
    "machine_id" TEXT NOT NULL,
    "point_id" TEXT NOT NULL,
    "last_clean_point_id" TEXT,
    "kind" TEXT NOT NULL,
    "detail" TEXT NOT NULL,
    "raised_at_ms" BIGINT NOT NULL,
    "cleared_at_ms" BIGINT,
    "cleared_actor" TEXT,
    "cleared_reason" TEXT,

    CONSTRAINT "anomaly_pkey" PRIMARY KEY ("seq")
);

-- CreateTable
CREATE TABLE "store_fact" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "settings_json" TEXT,
    "anchor_wall_ms" BIGINT,
    "anchor_trusted_ms" BIGINT,
    "anchor_boot_id" TEXT,
    "anchor_monotonic_ms" BIGINT,
    "anchor_belief_left_ms" BIGINT,

    CONSTRAINT "store_fact_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "space_sample" (
    "at_ms" BIGINT NOT NULL,
    "size_bytes" BIGINT NOT NULL,
    "used_bytes" BIGINT NOT NULL,
    "free_bytes" BIGINT NOT NULL,
    "reclaimable_bytes" BIGINT NOT NULL,
    "filesystem_used_bytes" BIGINT NOT NULL,

    CONSTRAINT "space_sample_pkey" PRIMARY KEY ("at_ms")
);

-- CreateTable
CREATE TABLE "space_memory" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "size_bytes" BIGINT NOT NULL,
    "pressure" TEXT NOT NULL,

    CONSTRAINT "space_memory_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "drill_machine_id_seq_idx" ON "drill"("machine_id", "seq");

-- CreateIndex
CREATE INDEX "drill_seq_idx" ON "drill"("seq");

-- CreateIndex
CREATE INDEX "retention_policy_scope_seq_idx" ON "retention_policy"("scope", "seq");

-- CreateIndex
CREATE INDEX "point_deletion_point_id_seq_idx" ON "point_deletion"("point_id", "seq");

-- CreateIndex
CREATE INDEX "point_deletion_condemned_at_ms_idx" ON "point_deletion"("condemned_at_ms");

-- CreateIndex
CREATE INDEX "deletion_request_state_seq_idx" ON "deletion_request"("state", "seq");

-- CreateIndex
CREATE INDEX "anomaly_machine_id_seq_idx" ON "anomaly"("machine_id", "seq");

-- Rows that were projected before lack what the ledger and the points say of these columns, so the projection is made anew at the next start.
TRUNCATE "computer", "restore_point", "enrolment", "operator_token", "enrolment_token", "policy";
UPDATE "ledger_watermark" SET "seq" = 0, "record_fingerprint" = NULL;
