/**
 * The secrets of an installation without configured ones: created at its first start and stored
 * next to its database.
 */
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
  /** `id:base64,id:base64`; the first key seals. */
  encryptionKeys: string;
  authSecret: string;
  /**
   * Reads the current list of keys if it is in a file, which can change while the process is
   * running. Throws if the file cannot be read.
   */
  readEncryptionKeys?: (() => string) | undefined;
}

interface SecretFile {
  file: string;
  make: () => string;
  /** Returns what is wrong with the content, or null. */
  findFault: (text: string) => string | null;
  loss: string;
}

type SecretName = "encryptionKeys" | "authSecret";

const FILES: Record<SecretName, SecretFile> = {
  encryptionKeys: {
    file: "encryption-keys",
    make: () => generateKey("k1"),
    findFault: findKeyFault,
    loss: "encrypted values in the database cannot be decrypted without it",
  },
  authSecret: {
    file: "auth-secret",
    make: () => randomBytes(32).toString("base64url"),
    findFault: (text) => (text.length < 32 ? "it is shorter than 32 characters" : null),
    loss: "sessions cannot be verified without it",
  },
};

/**
 * Returns the configured secrets, otherwise those in the files of `dataDir`. Files are only created
 * if there is no database yet: a file that is missing next to a database was lost, and a new one
 * would make that loss permanent.
 * @throws StartupError; nothing was changed in that case
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

/** The path of the keys of an installation without ENCRYPTION_KEYS. */
export function keyFileOf(dataDir: string): string {
  return secretFileOf("encryptionKeys", dataDir);
}

/** The path of a secret that was not configured. */
export function secretFileOf(name: SecretName, dataDir: string): string {
  return join(dataDir, FILES[name].file);
}

/**
 * Writes a file that only this user can read. It contains either the old or the new text, even
 * after a power failure.
 */
export function writeSecretFile(path: string, text: string): void {
  const unfinished = `${path}.new`;
  // An existing file would keep its mode.
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
        `The key file ${path} is missing. Restore it from a backup, because ${secret.loss}.`,
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
