-- CreateEnum
CREATE TYPE "OAuthGrantType" AS ENUM ('AUTHORIZATION_CODE', 'CLIENT_CREDENTIALS');

-- CreateEnum
CREATE TYPE "RevocationTaskKind" AS ENUM ('TOKENS', 'REGISTRATION');

-- AlterTable
ALTER TABLE "McpServer" ADD COLUMN     "deletedAt" TIMESTAMPTZ(3),
ADD COLUMN     "deletedById" UUID,
ADD COLUMN     "oauthAuthorizationServer" TEXT,
ADD COLUMN     "oauthGrantType" "OAuthGrantType" NOT NULL DEFAULT 'AUTHORIZATION_CODE',
ADD COLUMN     "oauthPrivateKey" BYTEA,
ADD COLUMN     "oauthScopes" TEXT[],
ADD COLUMN     "oauthSigningAlgorithm" TEXT,
ADD COLUMN     "registrationLeaseOwner" TEXT,
ADD COLUMN     "registrationLeaseUntil" TIMESTAMPTZ(3);

-- AlterTable
ALTER TABLE "OAuthClient" ADD COLUMN     "privateKey" BYTEA,
ADD COLUMN     "signingAlgorithm" TEXT;

-- AlterTable
ALTER TABLE "OAuthFlow" ADD COLUMN     "profile" TEXT;

-- AlterTable
ALTER TABLE "OAuthGrant" ADD COLUMN     "grantType" "OAuthGrantType" NOT NULL DEFAULT 'AUTHORIZATION_CODE',
ADD COLUMN     "lastUsedAt" TIMESTAMPTZ(3),
ADD COLUMN     "profile" TEXT,
ADD COLUMN     "refreshTokenExpiresAt" TIMESTAMPTZ(3),
ADD COLUMN     "stepUps" TEXT[];

-- CreateTable
CREATE TABLE "RevocationTask" (
    "id" UUID NOT NULL,
    "kind" "RevocationTaskKind" NOT NULL,
    "workspaceId" UUID NOT NULL,
    "serverId" UUID NOT NULL,
    "ownerId" UUID NOT NULL,
    "actorId" UUID,
    "reason" "OAuthReason",
    "issuer" TEXT NOT NULL,
    "clientId" TEXT NOT NULL,
    "payload" BYTEA NOT NULL,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "nextAttemptAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "leaseOwner" TEXT,
    "leaseUntil" TIMESTAMPTZ(3),
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "RevocationTask_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Process" (
    "id" UUID NOT NULL,
    "publicUrl" TEXT NOT NULL,
    "keyIds" TEXT[],
    "startedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "lastSeenAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "Process_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "RevocationTask_nextAttemptAt_idx" ON "RevocationTask"("nextAttemptAt");

-- CreateIndex
CREATE INDEX "RevocationTask_ownerId_issuer_clientId_idx" ON "RevocationTask"("ownerId", "issuer", "clientId");

-- CreateIndex
CREATE INDEX "McpServer_deletedAt_idx" ON "McpServer"("deletedAt");

-- CreateIndex
CREATE INDEX "OAuthGrant_accessTokenExpiresAt_idx" ON "OAuthGrant"("accessTokenExpiresAt");
