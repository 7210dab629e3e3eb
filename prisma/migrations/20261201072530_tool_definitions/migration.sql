-- CreateEnum
CREATE TYPE "NewToolPolicy" AS ENUM ('BY_ANNOTATIONS', 'DENY');

-- AlterTable
ALTER TABLE "ToolPolicy" ADD COLUMN     "decidedFingerprint" BYTEA,
ADD COLUMN     "otherFingerprints" BYTEA[] DEFAULT ARRAY[]::BYTEA[];

-- AlterTable
ALTER TABLE "Workspace" ADD COLUMN     "newToolPolicy" "NewToolPolicy" NOT NULL DEFAULT 'BY_ANNOTATIONS';
