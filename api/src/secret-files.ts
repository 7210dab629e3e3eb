/** The secrets of an installation that was given none: made at its first start and kept beside its database. */
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { generateKey, KeyringError, parseKeyring } from "./crypto/keyring.ts";
import { StartFailure } from "./start-failure.ts";

export interface Secrets {
  /** `id:base64,id:base64`; the first seals. */
  encryptionKeys: string;
  authSecret: string;
}

interface SecretFile {
  file: string;
  make: () => string;
  /** Says what is wrong with the content, or null. */
  findFault: (text: string) => string | null;
  loss: string;
}

const FILES: Record<keyof Secrets, SecretFile> = {
  encryptionKeys: {
    file: "encryption-keys",
    make: () => generateKey("k1"),
    findFault: findKeyFault,
    loss: "what the database holds sealed cannot be opened without it",
  },
  authSecret: {
    file: "auth-secret",
    make: () => randomBytes(32).toString("base64url"),
    findFault: (text) => (text.length < 32 ? "it is shorter than 32 characters" : null),
    loss: "nobody's session can be verified without it",
  },
};

/**
 * What was configured, else what the files in `dataDir` hold. They are made only where there is no database yet: one that is
 * missing beside a database was lost, and a new one in its place would make that loss final.
 * Throws `StartFailure`, having changed nothing.
 */
export function provideSecrets(
  configured: { [Name in keyof Secrets]: string | null },
  dataDir: string,
  databaseExists: boolean,
): Secrets {
  const provide = (name: keyof Secrets) =>
    configured[name] ?? provideSecret(FILES[name], dataDir, databaseExists);
  return { encryptionKeys: provide("encryptionKeys"), authSecret: provide("authSecret") };
}

function provideSecret(secret: SecretFile, dataDir: string, databaseExists: boolean): string {
  const path = join(dataDir, secret.file);
  if (!existsSync(path)) {
    if (databaseExists) {
      throw new StartFailure(
        `The key file ${path} is missing: put it back from a back-up, as ${secret.loss}.`,
      );
    }
    // By rename, so that a start that is cut short never leaves half a key.
    writeFileSync(`${path}.new`, `${secret.make()}\n`, { mode: 0o600, flush: true });
    renameSync(`${path}.new`, path);
  }
  const text = readFileSync(path, "utf8").trim();
  const fault = secret.findFault(text);
  if (fault !== null) throw new StartFailure(`The key file ${path} is damaged: ${fault}.`);
  return text;
}

function findKeyFault(text: string): string | null {
  try {
    parseKeyring(text);
    return null;
  } catch (error) {
    if (error instanceof KeyringError) return error.message.replace(/\.$/, "");
    throw error;
  }
}
