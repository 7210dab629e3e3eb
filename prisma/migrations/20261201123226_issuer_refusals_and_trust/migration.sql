-- AlterTable
ALTER TABLE "McpServer" ADD COLUMN     "oauthTrustedIssuer" TEXT;

-- AlterTable
ALTER TABLE "OAuthFlow" ADD COLUMN     "untrustedIssuer" TEXT;

-- CreateTable
CREATE TABLE "IssuerRefusal" (
    "workspaceId" UUID NOT NULL,
    "issuer" TEXT NOT NULL,
    "resource" BOOLEAN NOT NULL DEFAULT false,
    "offlineAccess" BOOLEAN NOT NULL DEFAULT false,
    "updatedAt" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "IssuerRefusal_pkey" PRIMARY KEY ("workspaceId","issuer")
);

-- AddForeignKey
ALTER TABLE "IssuerRefusal" ADD CONSTRAINT "IssuerRefusal_workspaceId_fkey" FOREIGN KEY ("workspaceId") REFERENCES "Workspace"("id") ON DELETE CASCADE ON UPDATE CASCADE;
