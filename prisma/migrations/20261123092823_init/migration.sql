-- CreateEnum
CREATE TYPE "WorkspaceRole" AS ENUM ('OWNER', 'ADMIN', 'MEMBER', 'VIEWER');

-- CreateEnum
CREATE TYPE "McpAuthType" AS ENUM ('UNKNOWN', 'NONE', 'HEADERS', 'OAUTH');

-- CreateEnum
CREATE TYPE "CredentialScope" AS ENUM ('PERSONAL', 'WORKSPACE');

-- CreateEnum
CREATE TYPE "ReachabilityState" AS ENUM ('UNKNOWN', 'REACHABLE', 'UNREACHABLE');

-- CreateEnum
CREATE TYPE "ClientRegistrationKind" AS ENUM ('PRE_REGISTERED', 'CLIENT_ID_METADATA_DOCUMENT', 'DYNAMIC');

-- CreateEnum
CREATE TYPE "GrantState" AS ENUM ('DISCONNECTED', 'CONNECTED', 'REAUTH_REQUIRED');

-- CreateEnum
CREATE TYPE "OAuthReason" AS ENUM ('NOT_CONNECTED', 'GRANT_INVALID', 'NO_REFRESH_TOKEN', 'REFRESH_INTERRUPTED', 'TOKEN_REJECTED', 'INSUFFICIENT_SCOPE', 'CLIENT_INVALID', 'AUTHORIZATION_SERVER_CHANGED', 'SETTINGS_CHANGED', 'DISCONNECTED_BY_USER', 'MEMBER_REMOVED');

-- CreateEnum
CREATE TYPE "OAuthFlowStatus" AS ENUM ('PENDING', 'SUCCEEDED', 'FAILED', 'CANCELLED', 'EXPIRED');

-- CreateEnum
CREATE TYPE "OAuthFlowError" AS ENUM ('ACCESS_DENIED', 'AUTHORIZATION_SERVER_ERROR', 'INVALID_REQUEST', 'WRONG_USER', 'FORBIDDEN', 'ISSUER_MISMATCH', 'TOKEN_EXCHANGE_FAILED', 'SERVER_GONE', 'SETTINGS_CHANGED', 'DISCOVERY_FAILED');

-- CreateEnum
CREATE TYPE "OAuthFlowMode" AS ENUM ('POPUP', 'REDIRECT');

-- CreateEnum
CREATE TYPE "ToolExecutionStatus" AS ENUM ('RUNNING', 'SUCCEEDED', 'FAILED', 'TIMED_OUT', 'REAUTH_REQUIRED', 'INTERRUPTED');

-- CreateEnum
CREATE TYPE "WorkspaceEventType" AS ENUM ('OAUTH_STATE_CHANGED', 'REAUTH_REQUIRED', 'TOKEN_REFRESHED', 'TOKEN_REVOKED', 'SERVER_CREATED', 'SERVER_UPDATED', 'SERVER_DELETED', 'TOOLS_CHANGED', 'TOOL_EXECUTED', 'MEMBER_CHANGED', 'API_TOKEN_CHANGED');

-- CreateTable
CREATE TABLE "User" (
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "email" TEXT NOT NULL,
    "emailVerified" BOOLEAN NOT NULL DEFAULT false,
    "image" TEXT,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "User_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Session" (
    "id" UUID NOT NULL,
    "token" TEXT NOT NULL,
    "expiresAt" TIMESTAMPTZ(3) NOT NULL,
    "ipAddress" TEXT,
    "userAgent" TEXT,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMPTZ(3) NOT NULL,
    "userId" UUID NOT NULL,

    CONSTRAINT "Session_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Account" (
    "id" UUID NOT NULL,
    "accountId" TEXT NOT NULL,
    "providerId" TEXT NOT NULL,
    "accessToken" TEXT,
    "refreshToken" TEXT,
    "idToken" TEXT,
    "accessTokenExpiresAt" TIMESTAMPTZ(3),
    "refreshTokenExpiresAt" TIMESTAMPTZ(3),
    "scope" TEXT,
    "password" TEXT,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMPTZ(3) NOT NULL,
    "userId" UUID NOT NULL,

    CONSTRAINT "Account_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Verification" (
    "id" UUID NOT NULL,
    "identifier" TEXT NOT NULL,
    "value" TEXT NOT NULL,
    "expiresAt" TIMESTAMPTZ(3) NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "Verification_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Workspace" (
    "id" UUID NOT NULL,
    "slug" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "eventEpoch" UUID NOT NULL DEFAULT gen_random_uuid(),
    "eventSeq" BIGINT NOT NULL DEFAULT 0,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "Workspace_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Membership" (
    "id" UUID NOT NULL,
    "role" "WorkspaceRole" NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "workspaceId" UUID NOT NULL,
    "userId" UUID NOT NULL,

    CONSTRAINT "Membership_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "McpServer" (
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "url" TEXT NOT NULL,
    "description" TEXT,
    "enabled" BOOLEAN NOT NULL DEFAULT true,
    "authType" "McpAuthType" NOT NULL DEFAULT 'UNKNOWN',
    "credentialScope" "CredentialScope" NOT NULL DEFAULT 'PERSONAL',
    "headerNames" TEXT[],
    "headers" BYTEA,
    "oauthClientId" TEXT,
    "oauthClientSecret" BYTEA,
    "oauthIssuer" TEXT,
    "requestTimeoutMs" INTEGER NOT NULL DEFAULT 60000,
    "configVersion" INTEGER NOT NULL DEFAULT 1,
    "reachability" "ReachabilityState" NOT NULL DEFAULT 'UNKNOWN',
    "reachabilityCheckedAt" TIMESTAMPTZ(3),
    "reachabilityMessage" TEXT,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMPTZ(3) NOT NULL,
    "workspaceId" UUID NOT NULL,
    "createdById" UUID,

    CONSTRAINT "McpServer_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "OAuthClient" (
    "id" UUID NOT NULL,
    "kind" "ClientRegistrationKind" NOT NULL,
    "issuer" TEXT NOT NULL,
    "clientId" TEXT NOT NULL,
    "clientSecret" BYTEA,
    "clientSecretExpiresAt" TIMESTAMPTZ(3),
    "tokenEndpointAuthMethod" TEXT NOT NULL,
    "redirectUri" TEXT NOT NULL,
    "registrationAccessToken" BYTEA,
    "registrationClientUri" TEXT,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "invalidAt" TIMESTAMPTZ(3),
    "serverId" UUID NOT NULL,

    CONSTRAINT "OAuthClient_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "OAuthGrant" (
    "id" UUID NOT NULL,
    "ownerId" UUID NOT NULL,
    "state" "GrantState" NOT NULL,
    "reason" "OAuthReason",
    "issuer" TEXT,
    "tokenEndpoint" TEXT,
    "revocationEndpoint" TEXT,
    "resource" TEXT,
    "requestedScopes" TEXT[],
    "grantedScopes" TEXT[],
    "challengedScopes" TEXT[],
    "accessToken" BYTEA,
    "accessTokenExpiresAt" TIMESTAMPTZ(3),
    "accessTokenLifetimeMs" DOUBLE PRECISION,
    "refreshToken" BYTEA,
    "version" INTEGER NOT NULL DEFAULT 1,
    "leaseOwner" TEXT,
    "leaseUntil" TIMESTAMPTZ(3),
    "sentVersion" INTEGER,
    "refreshRetryAt" TIMESTAMPTZ(3),
    "refreshFailures" INTEGER NOT NULL DEFAULT 0,
    "refusedAt" TIMESTAMPTZ(3),
    "connectedAt" TIMESTAMPTZ(3),
    "lastRefreshedAt" TIMESTAMPTZ(3),
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMPTZ(3) NOT NULL,
    "connectedById" UUID,
    "serverId" UUID NOT NULL,
    "clientId" UUID,

    CONSTRAINT "OAuthGrant_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "OAuthFlow" (
    "id" UUID NOT NULL,
    "mode" "OAuthFlowMode" NOT NULL,
    "status" "OAuthFlowStatus" NOT NULL DEFAULT 'PENDING',
    "error" "OAuthFlowError",
    "errorDetail" TEXT,
    "steps" JSONB NOT NULL DEFAULT '[]',
    "stateHash" BYTEA,
    "codeVerifier" BYTEA,
    "authorizationServer" JSONB,
    "resource" TEXT,
    "requestedScopes" TEXT[],
    "redirectUri" TEXT,
    "returnTo" TEXT,
    "heldCallback" BYTEA,
    "heldUntil" TIMESTAMPTZ(3),
    "configVersion" INTEGER NOT NULL,
    "startedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expiresAt" TIMESTAMPTZ(3) NOT NULL,
    "consumedAt" TIMESTAMPTZ(3),
    "finishedAt" TIMESTAMPTZ(3),
    "userId" UUID NOT NULL,
    "ownerId" UUID NOT NULL,
    "workspaceId" UUID NOT NULL,
    "serverId" UUID,
    "clientId" UUID,

    CONSTRAINT "OAuthFlow_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "ToolCatalog" (
    "id" UUID NOT NULL,
    "ownerId" UUID NOT NULL,
    "tools" JSON NOT NULL,
    "fetchedAt" TIMESTAMPTZ(3) NOT NULL,
    "serverId" UUID NOT NULL,

    CONSTRAINT "ToolCatalog_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "ToolExecution" (
    "id" UUID NOT NULL,
    "toolName" TEXT NOT NULL,
    "status" "ToolExecutionStatus" NOT NULL,
    "isToolError" BOOLEAN NOT NULL DEFAULT false,
    "arguments" BYTEA,
    "result" BYTEA,
    "contentTruncated" BOOLEAN NOT NULL DEFAULT false,
    "contentExpiresAt" TIMESTAMPTZ(3),
    "errorMessage" TEXT,
    "startedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "finishedAt" TIMESTAMPTZ(3),
    "ownerId" UUID NOT NULL,
    "startedById" UUID NOT NULL,
    "workspaceId" UUID NOT NULL,
    "serverId" UUID,

    CONSTRAINT "ToolExecution_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "WorkspaceEvent" (
    "workspaceId" UUID NOT NULL,
    "seq" BIGINT NOT NULL,
    "id" UUID NOT NULL,
    "type" "WorkspaceEventType" NOT NULL,
    "occurredAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "actorId" UUID,
    "serverId" UUID,
    "userId" UUID,
    "payload" JSONB NOT NULL,

    CONSTRAINT "WorkspaceEvent_pkey" PRIMARY KEY ("workspaceId","seq")
);

-- CreateTable
CREATE TABLE "Setting" (
    "name" TEXT NOT NULL,
    "value" BYTEA NOT NULL,

    CONSTRAINT "Setting_pkey" PRIMARY KEY ("name")
);

-- CreateIndex
CREATE UNIQUE INDEX "User_email_key" ON "User"("email");

-- CreateIndex
CREATE UNIQUE INDEX "Session_token_key" ON "Session"("token");

-- CreateIndex
CREATE INDEX "Session_userId_idx" ON "Session"("userId");

-- CreateIndex
CREATE INDEX "Account_userId_idx" ON "Account"("userId");

-- CreateIndex
CREATE INDEX "Verification_identifier_idx" ON "Verification"("identifier");

-- CreateIndex
CREATE UNIQUE INDEX "Workspace_slug_key" ON "Workspace"("slug");

-- CreateIndex
CREATE INDEX "Membership_userId_idx" ON "Membership"("userId");

-- CreateIndex
CREATE UNIQUE INDEX "Membership_workspaceId_userId_key" ON "Membership"("workspaceId", "userId");

-- CreateIndex
CREATE INDEX "McpServer_workspaceId_id_idx" ON "McpServer"("workspaceId", "id");

-- CreateIndex
CREATE INDEX "OAuthClient_serverId_issuer_redirectUri_idx" ON "OAuthClient"("serverId", "issuer", "redirectUri");

-- CreateIndex
CREATE UNIQUE INDEX "OAuthGrant_serverId_ownerId_key" ON "OAuthGrant"("serverId", "ownerId");

-- CreateIndex
CREATE UNIQUE INDEX "OAuthFlow_stateHash_key" ON "OAuthFlow"("stateHash");

-- CreateIndex
CREATE INDEX "OAuthFlow_serverId_userId_startedAt_idx" ON "OAuthFlow"("serverId", "userId", "startedAt" DESC);

-- CreateIndex
CREATE UNIQUE INDEX "ToolCatalog_serverId_ownerId_key" ON "ToolCatalog"("serverId", "ownerId");

-- CreateIndex
CREATE INDEX "ToolExecution_workspaceId_startedAt_idx" ON "ToolExecution"("workspaceId", "startedAt" DESC);

-- CreateIndex
CREATE UNIQUE INDEX "WorkspaceEvent_id_key" ON "WorkspaceEvent"("id");

-- AddForeignKey
ALTER TABLE "Session" ADD CONSTRAINT "Session_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Account" ADD CONSTRAINT "Account_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Membership" ADD CONSTRAINT "Membership_workspaceId_fkey" FOREIGN KEY ("workspaceId") REFERENCES "Workspace"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Membership" ADD CONSTRAINT "Membership_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "McpServer" ADD CONSTRAINT "McpServer_workspaceId_fkey" FOREIGN KEY ("workspaceId") REFERENCES "Workspace"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "McpServer" ADD CONSTRAINT "McpServer_createdById_fkey" FOREIGN KEY ("createdById") REFERENCES "User"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "OAuthClient" ADD CONSTRAINT "OAuthClient_serverId_fkey" FOREIGN KEY ("serverId") REFERENCES "McpServer"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "OAuthGrant" ADD CONSTRAINT "OAuthGrant_serverId_fkey" FOREIGN KEY ("serverId") REFERENCES "McpServer"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "OAuthGrant" ADD CONSTRAINT "OAuthGrant_clientId_fkey" FOREIGN KEY ("clientId") REFERENCES "OAuthClient"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "OAuthFlow" ADD CONSTRAINT "OAuthFlow_serverId_fkey" FOREIGN KEY ("serverId") REFERENCES "McpServer"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "OAuthFlow" ADD CONSTRAINT "OAuthFlow_clientId_fkey" FOREIGN KEY ("clientId") REFERENCES "OAuthClient"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ToolCatalog" ADD CONSTRAINT "ToolCatalog_serverId_fkey" FOREIGN KEY ("serverId") REFERENCES "McpServer"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ToolExecution" ADD CONSTRAINT "ToolExecution_workspaceId_fkey" FOREIGN KEY ("workspaceId") REFERENCES "Workspace"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ToolExecution" ADD CONSTRAINT "ToolExecution_serverId_fkey" FOREIGN KEY ("serverId") REFERENCES "McpServer"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "WorkspaceEvent" ADD CONSTRAINT "WorkspaceEvent_workspaceId_fkey" FOREIGN KEY ("workspaceId") REFERENCES "Workspace"("id") ON DELETE CASCADE ON UPDATE CASCADE;
