/** The secrets of an installation that was given none: made at its first start and kept beside its database. */
import { randomBytes } from "node:crypto";
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { generateKey, KeyringError, parseKeyring } from "#crypto/keyring.ts";
import { StartupError } from "./startup-error.ts";

export interface Secrets {
  /** `id:base64,id:base64`; the first seals. */
  encryptionKeys: string;
  authSecret: string;
  /** The list of keys as it stands now, where it is a file, which may change while we run; it throws when that cannot be read. */
  readEncryptionKeys?: (() => string) | undefined;
}

interface SecretFile {
  file: string;
  make: () => string;
  /** Says what is wrong with the content, or null. */
  findFault: (text: string) => string | null;
  loss: string;
}

type SecretName = "encryptionKeys" | "authSecret";

const FILES: Record<SecretName, SecretFile> = {
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
 * Throws `StartupError`, having changed nothing.
 */
export function provideSecrets(
  configured: { [Name in SecretName]: string | null },
  dataDir: string,
  databaseExists: boolean,
): Secrets {
  const provide = (name: SecretName) =>
    configured[name] ?? provideSecret(FILES[name], dataDir, databaseExists);
  const secrets = { encryptionKeys: provide("encryptionKeys"), authSecret: provide("authSecret") };
  if (configured.encryptionKeys !== null) return secrets;
  const path = keyFileOf(dataDir);
  return { ...secrets, readEncryptionKeys: () => readFileSync(path, "utf8").trim() };
}

/** Where the keys of an installation without ENCRYPTION_KEYS are. */
export function keyFileOf(dataDir: string): string {
  return secretFileOf("encryptionKeys", dataDir);
}

/** Where an installation that was not given a secret keeps it. */
export function secretFileOf(name: SecretName, dataDir: string): string {
  return join(dataDir, FILES[name].file);
}

/** Writes a file for ourselves alone. It holds either the old text or the new one, also after the machine lost its power. */
export function writeSecretFile(path: string, text: string): void {
  const unfinished = `${path}.new`;
  // One left over would keep its own mode.
  rmSync(unfinished, { force: true });
  writeFileSync(unfinished, `${text}\n`, { mode: 0o600, flag: "wx", flush: true });
  renameSync(unfinished, path);
  const folder = openSync(dirname(path), "r");
  fsyncSync(folder);
  closeSync(folder);
}

function provideSecret(secret: SecretFile, dataDir: string, databaseExists: boolean): string {
  const path = join(dataDir, secret.file);
  if (!existsSync(path)) {
    if (databaseExists) {
      throw new StartupError(
        `The key file ${path} is missing: put it back from a back-up, as ${secret.loss}.`,
      );
    }
    writeSecretFile(path, secret.make());
  }
  const text = readFileSync(path, "utf8").trim();
  const fault = secret.findFault(text);
  if (fault !== null) throw new StartupError(`The key file ${path} is damaged: ${fault}.`);
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
