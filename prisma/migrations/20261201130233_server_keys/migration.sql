-- CreateEnum
CREATE TYPE "KeyState" AS ENUM ('UNKNOWN', 'ACCEPTED', 'REJECTED');

-- AlterTable
ALTER TABLE "McpServer" ADD COLUMN     "headersExpireAt" TIMESTAMPTZ(3);

-- CreateTable
CREATE TABLE "ServerKey" (
    "id" UUID NOT NULL,
    "ownerId" UUID NOT NULL,
    "state" "KeyState" NOT NULL DEFAULT 'UNKNOWN',
    "configVersion" INTEGER NOT NULL,
    "headerNames" TEXT[],
    "headers" BYTEA,
    "expiresAt" TIMESTAMPTZ(3),
    "version" INTEGER NOT NULL DEFAULT 1,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMPTZ(3) NOT NULL,
    "serverId" UUID NOT NULL,

    CONSTRAINT "ServerKey_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "ServerKey_serverId_ownerId_key" ON "ServerKey"("serverId", "ownerId");

-- AddForeignKey
ALTER TABLE "ServerKey" ADD CONSTRAINT "ServerKey_serverId_fkey" FOREIGN KEY ("serverId") REFERENCES "McpServer"("id") ON DELETE CASCADE ON UPDATE CASCADE;
