-- CreateTable
CREATE TABLE "ledger_watermark" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "store_id" TEXT,
    "seq" BIGINT NOT NULL DEFAULT 0,
    "record_fingerprint" TEXT,

    CONSTRAINT "ledger_watermark_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "computer" (
    "machine_id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "public_key" TEXT NOT NULL,
    "facts_json" TEXT NOT NULL,
    "enrolled_at_ms" BIGINT NOT NULL,
    "enrolled_seq" BIGINT NOT NULL,
    "points" INTEGER NOT NULL DEFAULT 0,
    "damaged_points" INTEGER NOT NULL DEFAULT 0,
    "newest_good_point_at_ms" BIGINT,

    CONSTRAINT "computer_pkey" PRIMARY KEY ("machine_id")
);

-- CreateTable
CREATE TABLE "computer_contact" (
    "machine_id" TEXT NOT NULL,
    "last_seen_at_ms" BIGINT NOT NULL,
    "agent_version" TEXT NOT NULL,

    CONSTRAINT "computer_contact_pkey" PRIMARY KEY ("machine_id")
);

-- CreateTable
CREATE TABLE "restore_point" (
    "point_id" TEXT NOT NULL,
    "machine_id" TEXT NOT NULL,
    "seq" BIGINT NOT NULL,
    "created_at_ms" BIGINT NOT NULL,
    "kind" TEXT NOT NULL,
    "consistency" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "source_bytes" BIGINT NOT NULL,
    "used_bytes" BIGINT NOT NULL,
    "read_bytes" BIGINT NOT NULL,
    "changed_bytes" BIGINT NOT NULL,
    "sent_bytes" BIGINT NOT NULL,
    "stored_bytes" BIGINT NOT NULL,
    "manifest_digest" TEXT NOT NULL,
    "base_point_id" TEXT,
    "duration_ms" BIGINT NOT NULL,

    CONSTRAINT "restore_point_pkey" PRIMARY KEY ("point_id")
);

-- CreateTable
CREATE TABLE "enrolment" (
    "request_id" TEXT NOT NULL,
    "seq" BIGINT NOT NULL,
    "name" TEXT NOT NULL,
    "public_key" TEXT NOT NULL,
    "facts_json" TEXT NOT NULL,
    "taken_by" TEXT NOT NULL,
    "requested_at_ms" BIGINT NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'held',
    "machine_id" TEXT,
    "resolved_at_ms" BIGINT,

    CONSTRAINT "enrolment_pkey" PRIMARY KEY ("request_id")
);

-- CreateTable
CREATE TABLE "operator_token" (
    "token_id" TEXT NOT NULL,
    "secret_sha256" TEXT NOT NULL,
    "label" TEXT NOT NULL,
    "created_at_ms" BIGINT NOT NULL,
    "seq" BIGINT NOT NULL,

    CONSTRAINT "operator_token_pkey" PRIMARY KEY ("token_id")
);

-- CreateTable
CREATE TABLE "enrolment_token" (
    "token_id" TEXT NOT NULL,
    "secret_sha256" TEXT NOT NULL,
    "uses_max" BIGINT NOT NULL,
    "uses" INTEGER NOT NULL DEFAULT 0,
    "expires_at_ms" BIGINT NOT NULL,
    "created_at_ms" BIGINT NOT NULL,
    "seq" BIGINT NOT NULL,

    CONSTRAINT "enrolment_token_pkey" PRIMARY KEY ("token_id")
);

-- CreateTable
CREATE TABLE "policy" (
    "subject" TEXT NOT NULL,
    "policy_json" TEXT NOT NULL,

    CONSTRAINT "policy_pkey" PRIMARY KEY ("subject")
);

-- CreateTable
CREATE TABLE "job" (
    "job_id" TEXT NOT NULL,
    "machine_id" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "trigger" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "code" TEXT,
    "message" TEXT,
    "point_id" TEXT,
    "progress_json" TEXT,
    "created_at_ms" BIGINT NOT NULL,
    "started_at_ms" BIGINT,
    "finished_at_ms" BIGINT,

    CONSTRAINT "job_pkey" PRIMARY KEY ("job_id")
);

-- CreateIndex
CREATE INDEX "computer_name_idx" ON "computer"("name");

-- CreateIndex
CREATE INDEX "computer_public_key_idx" ON "computer"("public_key");

-- CreateIndex
CREATE INDEX "restore_point_machine_id_seq_idx" ON "restore_point"("machine_id", "seq");

-- CreateIndex
CREATE INDEX "enrolment_state_seq_idx" ON "enrolment"("state", "seq");

-- CreateIndex
CREATE INDEX "enrolment_public_key_seq_idx" ON "enrolment"("public_key", "seq");

-- CreateIndex
CREATE INDEX "operator_token_secret_sha256_idx" ON "operator_token"("secret_sha256");

-- CreateIndex
CREATE INDEX "enrolment_token_secret_sha256_idx" ON "enrolment_token"("secret_sha256");

-- CreateIndex
CREATE INDEX "job_created_at_ms_idx" ON "job"("created_at_ms" DESC);

-- CreateIndex
CREATE INDEX "job_machine_id_created_at_ms_idx" ON "job"("machine_id", "created_at_ms" DESC);

-- CreateIndex
CREATE INDEX "job_state_idx" ON "job"("state");
