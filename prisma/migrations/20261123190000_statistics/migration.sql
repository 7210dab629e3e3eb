-- CreateIndex
CREATE INDEX "ToolExecution_workspaceId_startedAt_idx" ON "ToolExecution"("workspaceId", "startedAt");

-- CreateIndex
CREATE INDEX "WorkspaceEvent_refreshed_idx" ON "WorkspaceEvent"("workspaceId", "occurredAt") WHERE ("type" = 'TOKEN_REFRESHED'::"WorkspaceEventType");

-- CreateIndex
CREATE INDEX "WorkspaceEvent_reauth_idx" ON "WorkspaceEvent"("workspaceId", "occurredAt") WHERE ("type" = 'REAUTH_REQUIRED'::"WorkspaceEventType");

-- CreateIndex
CREATE INDEX "WorkspaceEvent_account_idx" ON "WorkspaceEvent"("workspaceId", "serverId", "userId", "occurredAt") WHERE ("type" = 'REAUTH_REQUIRED'::"WorkspaceEventType");
