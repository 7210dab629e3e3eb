-- CreateIndex
CREATE INDEX "WebhookEndpoint_retry_idx" ON "WebhookEndpoint"("nextAttemptAt") WHERE ("nextAttemptAt" IS NOT NULL AND "disabledAt" IS NULL);

-- CreateIndex
CREATE INDEX "WebhookEndpoint_lease_idx" ON "WebhookEndpoint"("leaseUntil") WHERE ("leaseUntil" IS NOT NULL);
