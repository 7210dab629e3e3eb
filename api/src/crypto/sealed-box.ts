import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { isKeyId } from "./keyring.ts";
import type { Keyring } from "./keyring.ts";

const CIPHER = "aes-256-gcm";
const FORMAT_VERSION = 1;
const IV_BYTES = 12;
const TAG_BYTES = 16;

/** The location of a sealed value. It can only be opened with the same location. */
export interface SealContext {
  table: string;
  column: string;
  rowId: string;
}

export interface SealedBox {
  /** Seals with the first key of the keyring. */
  seal(plaintext: string, context: SealContext): Uint8Array<ArrayBuffer>;
  /**
   * @throws {UnknownKeyError} if the keyring does not contain the key that sealed the value
   * @throws {BrokenSealError} if the value was modified, or belongs to another row or column
   */
  open(sealed: Uint8Array, context: SealContext): string;
  /**
   * The id of the key that sealed the value. It is read from the header and not yet authenticated.
   *
   * @throws {BrokenSealError} if the value is not a sealed value
   */
  keyIdOf(sealed: Uint8Array): string;
}

/** The key that sealed a value is missing from the keyring. The value itself is intact. */
export class UnknownKeyError extends Error {
  override readonly name = "UnknownKeyError";
  readonly keyId: string;

  constructor(keyId: string) {
    super(
      `A stored secret is sealed with the key "${keyId}", which this process does not have. ` +
        `Put that key back into ENCRYPTION_KEYS (or into the key file in DATA_DIR).`,
    );
    this.keyId = keyId;
  }
}

/** A sealed value that was modified, truncated, or copied from another row or column. */
export class BrokenSealError extends Error {
  override readonly name = "BrokenSealError";

  constructor(message: string, cause?: unknown) {
    super(message, { cause });
  }
}

/**
 * AES-256-GCM with a random 96-bit IV (NIST SP 800-38D §8.2.2).
 *
 * Layout: version (1 byte), length of the key id (1 byte), key id, IV (12), ciphertext, tag (16).
 * The version, the key id and the context are authenticated in addition to the ciphertext.
 */
export function createSealedBox(keyring: Keyring): SealedBox {
  return {
    seal(plaintext, context) {
      const { id, key } = keyring.sealing;
      const header = encodeHeader(id);
      const iv = randomBytes(IV_BYTES);
      const cipher = createCipheriv(CIPHER, key, iv, { authTagLength: TAG_BYTES });
      cipher.setAAD(encodeAssociated(header, context));
      const body = [cipher.update(encodeText(plaintext)), cipher.final()];
      return new Uint8Array(Buffer.concat([header, iv, ...body, cipher.getAuthTag()]));
    },

    open(sealed, context) {
      const { keyId, header, iv, ciphertext, tag } = splitSealed(sealed);
      const key = keyring.find(keyId);
      if (!key) throw new UnknownKeyError(keyId);
      const decipher = createDecipheriv(CIPHER, key, iv, { authTagLength: TAG_BYTES });
      decipher.setAAD(encodeAssociated(header, context));
      decipher.setAuthTag(tag);
      try {
        return decodeText(Buffer.concat([decipher.update(ciphertext), decipher.final()]));
      } catch (cause) {
        throw new BrokenSealError(
          `A sealed value in ${context.table}.${context.column} was altered or moved there.`,
          cause,
        );
      }
    },

    keyIdOf: (sealed) => splitSealed(sealed).keyId,
  };
}

function splitSealed(sealed: Uint8Array) {
  const idEnd = 2 + (sealed[1] ?? 0);
  const ivEnd = idEnd + IV_BYTES;
  const tagStart = sealed.length - TAG_BYTES;
  const keyId = Buffer.from(sealed.subarray(2, idEnd)).toString("latin1");
  if (sealed[0] !== FORMAT_VERSION || tagStart < ivEnd || !isKeyId(keyId)) {
    throw new BrokenSealError("A sealed value was altered: it has no valid header.");
  }
  return {
    keyId,
    header: sealed.subarray(0, idEnd),
    iv: sealed.subarray(idEnd, ivEnd),
    ciphertext: sealed.subarray(ivEnd, tagStart),
    tag: sealed.subarray(tagStart),
  };
}

function encodeHeader(keyId: string): Buffer {
  return Buffer.concat([Buffer.from([FORMAT_VERSION, keyId.length]), Buffer.from(keyId, "latin1")]);
}

/**
 * Every part is prefixed with its length, so that different contexts never have the same encoding.
 */
function encodeAssociated(header: Uint8Array, { table, column, rowId }: SealContext): Buffer {
  const parts = [table, column, rowId].flatMap((part) => {
    // UTF-16, because UTF-8 would map every lone surrogate to the same replacement character.
    const bytes = Buffer.from(part, "utf16le");
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    return [length, bytes];
  });
  return Buffer.concat([header, ...parts]);
}

const UTF_8 = 0;
const UTF_16 = 1;

/** UTF-8, except for the rare string with a lone surrogate, which UTF-8 would silently change. */
function encodeText(text: string): Buffer {
  return text.isWellFormed()
    ? Buffer.concat([Buffer.from([UTF_8]), Buffer.from(text, "utf8")])
    : Buffer.concat([Buffer.from([UTF_16]), Buffer.from(text, "utf16le")]);
}

function decodeText(bytes: Buffer): string {
  return bytes.toString(bytes[0] === UTF_16 ? "utf16le" : "utf8", 1);
}
