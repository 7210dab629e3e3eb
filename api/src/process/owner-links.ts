/**
 * Creates the operator's links for the app, which accepts them, and for the command that prints
 * them.
 */
import type { Database } from "@gatehouse/prisma";
import { v7 as uuidv7 } from "uuid";
import { randomToken, sha256 } from "#crypto/tokens.ts";
import { createOwnerLinks, type OwnerLinks } from "#services/workspace/owner-links.ts";

export function openOwnerLinks(db: Database, publicUrl: string): OwnerLinks {
  return createOwnerLinks({
    db,
    publicUrl,
    newToken: () => randomToken(32),
    hash: sha256,
    newId: uuidv7,
  });
}
