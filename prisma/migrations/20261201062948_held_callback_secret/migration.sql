-- AlterTable
ALTER TABLE "OAuthFlow" ADD COLUMN     "heldSecretHash" BYTEA;

-- CreateIndex
CREATE UNIQUE INDEX "OAuthFlow_heldSecretHash_key" ON "OAuthFlow"("heldSecretHash");
