-- CreateEnum
CREATE TYPE "ToolPolicyKind" AS ENUM ('ALLOW', 'ASK', 'DENY');

-- CreateEnum
CREATE TYPE "ElicitationMode" AS ENUM ('FORM', 'URL');

-- CreateEnum
CREATE TYPE "ElicitationStatus" AS ENUM ('PENDING', 'ACCEPTED', 'DECLINED', 'CANCELLED', 'EXPIRED');

-- AlterEnum
-- This migration adds more than one value to an enum.
-- With PostgreSQL versions 11 and earlier, this is not possible
-- in a single migration. This can be worked around by creating
-- multiple migrations, each migration adding only one value to
-- the enum.


ALTER TYPE "ToolExecutionStatus" ADD VALUE 'WAITING_FOR_INPUT';
ALTER TYPE "ToolExecutionStatus" ADD VALUE 'CANCELLED';

-- AlterEnum
-- This migration adds more than one value to an enum.
-- With PostgreSQL versions 11 and earlier, this is not possible
-- in a single migration. This can be worked around by creating
-- multiple migrations, each migration adding only one value to
-- the enum.


ALTER TYPE "WorkspaceEventType" ADD VALUE 'INPUT_REQUESTED';
ALTER TYPE "WorkspaceEventType" ADD VALUE 'TOOL_POLICY_CHANGED';

-- DropIndex
DROP INDEX "ToolExecution_workspaceId_startedAt_idx";

-- AlterTable
ALTER TABLE "ToolCatalog" ADD COLUMN     "freshUntil" TIMESTAMPTZ(3),
ADD COLUMN     "notes" TEXT[],
ADD COLUMN     "prompts" JSON,
ADD COLUMN     "resourceTemplates" JSON,
ADD COLUMN     "resources" JSON;

-- AlterTable
ALTER TABLE "ToolExecution" ADD COLUMN     "apiTokenId" UUID,
ADD COLUMN     "argumentBytes" INTEGER,
ADD COLUMN     "cancelRequestedAt" TIMESTAMPTZ(3),
ADD COLUMN     "processId" UUID,
ADD COLUMN     "progress" BYTEA,
ADD COLUMN     "resultBytes" INTEGER;

-- CreateTable
CREATE TABLE "ToolPolicy" (
    "id" UUID NOT NULL,
    "toolName" TEXT NOT NULL,
    "kind" "ToolPolicyKind",
    "approvedFingerprint" BYTEA,
    "approvedAt" TIMESTAMPTZ(3),
    "approvedById" UUID,
    "updatedAt" TIMESTAMPTZ(3) NOT NULL,
    "serverId" UUID NOT NULL,

    CONSTRAINT "ToolPolicy_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "IdempotencyKey" (
    "callerId" UUID NOT NULL,
    "keyHash" BYTEA NOT NULL,
    "requestHash" BYTEA NOT NULL,
    "executionId" UUID NOT NULL,
    "expiresAt" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "IdempotencyKey_pkey" PRIMARY KEY ("callerId","keyHash")
);

-- CreateTable
CREATE TABLE "Elicitation" (
    "id" UUID NOT NULL,
    "mode" "ElicitationMode" NOT NULL,
    "status" "ElicitationStatus" NOT NULL DEFAULT 'PENDING',
    "question" BYTEA NOT NULL,
    "answer" BYTEA,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expiresAt" TIMESTAMPTZ(3) NOT NULL,
    "answeredAt" TIMESTAMPTZ(3),
    "userId" UUID NOT NULL,
    "workspaceId" UUID NOT NULL,
    "executionId" UUID NOT NULL,
    "serverId" UUID,

    CONSTRAINT "Elicitation_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "ToolPolicy_serverId_toolName_key" ON "ToolPolicy"("serverId", "toolName");

-- CreateIndex
CREATE INDEX "IdempotencyKey_expiresAt_idx" ON "IdempotencyKey"("expiresAt");

-- CreateIndex
CREATE INDEX "IdempotencyKey_executionId_idx" ON "IdempotencyKey"("executionId");

-- CreateIndex
CREATE INDEX "Elicitation_executionId_idx" ON "Elicitation"("executionId");

-- CreateIndex
CREATE INDEX "Elicitation_userId_status_idx" ON "Elicitation"("userId", "status");

-- CreateIndex
CREATE INDEX "Elicitation_expiresAt_idx" ON "Elicitation"("expiresAt");

-- CreateIndex
CREATE INDEX "ToolExecution_workspaceId_id_idx" ON "ToolExecution"("workspaceId", "id");

-- CreateIndex
CREATE INDEX "ToolExecution_workspaceId_startedById_id_idx" ON "ToolExecution"("workspaceId", "startedById", "id");

-- CreateIndex
CREATE INDEX "ToolExecution_serverId_id_idx" ON "ToolExecution"("serverId", "id");

-- CreateIndex
CREATE INDEX "ToolExecution_status_processId_idx" ON "ToolExecution"("status", "processId");

-- CreateIndex
CREATE INDEX "ToolExecution_contentExpiresAt_idx" ON "ToolExecution"("contentExpiresAt");

-- AddForeignKey
ALTER TABLE "ToolPolicy" ADD CONSTRAINT "ToolPolicy_serverId_fkey" FOREIGN KEY ("serverId") REFERENCES "McpServer"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Elicitation" ADD CONSTRAINT "Elicitation_serverId_fkey" FOREIGN KEY ("serverId") REFERENCES "McpServer"("id") ON DELETE SET NULL ON UPDATE CASCADE;
