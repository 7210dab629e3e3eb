-- DropIndex
DROP INDEX "Elicitation_expiresAt_idx";

-- CreateIndex
CREATE INDEX "Elicitation_createdAt_idx" ON "Elicitation"("createdAt");

-- CreateIndex
CREATE INDEX "Elicitation_pending_idx" ON "Elicitation"("expiresAt") WHERE (status = 'PENDING'::"ElicitationStatus");

-- CreateIndex
CREATE INDEX "Elicitation_answered_idx" ON "Elicitation"("expiresAt") WHERE (answer IS NOT NULL);

-- CreateIndex
CREATE INDEX "Invitation_endsAt_idx" ON "Invitation"("endsAt");

-- CreateIndex
CREATE INDEX "OAuthFlow_startedAt_idx" ON "OAuthFlow"("startedAt");

-- CreateIndex
CREATE INDEX "OAuthFlow_pending_idx" ON "OAuthFlow"("expiresAt") WHERE (status = 'PENDING'::"OAuthFlowStatus");

-- CreateIndex
CREATE INDEX "OAuthFlow_held_idx" ON "OAuthFlow"("heldUntil") WHERE ("heldCallback" IS NOT NULL);

-- CreateIndex
CREATE INDEX "OAuthFlow_clientId_idx" ON "OAuthFlow"("clientId");

-- CreateIndex
CREATE INDEX "OAuthGrant_state_reason_idx" ON "OAuthGrant"("state", "reason");

-- CreateIndex
CREATE INDEX "OAuthGrant_clientId_idx" ON "OAuthGrant"("clientId");

-- CreateIndex
CREATE INDEX "RevocationTask_issuer_clientId_idx" ON "RevocationTask"("issuer", "clientId");

-- CreateIndex
CREATE INDEX "RevocationTask_createdAt_idx" ON "RevocationTask"("createdAt");

-- CreateIndex
CREATE INDEX "ToolExecution_startedAt_idx" ON "ToolExecution"("startedAt");

-- CreateIndex
CREATE INDEX "WebhookDelivery_createdAt_idx" ON "WebhookDelivery"("createdAt");
