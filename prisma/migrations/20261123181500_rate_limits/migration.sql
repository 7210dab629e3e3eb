-- CreateTable
CREATE TABLE "RateLimit" (
    "key" TEXT NOT NULL,
    "fullAt" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "RateLimit_pkey" PRIMARY KEY ("key")
);

-- CreateIndex
CREATE INDEX "RateLimit_fullAt_idx" ON "RateLimit"("fullAt");
