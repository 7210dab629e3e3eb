import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { generateKey, parseKeyring } from "./keyring.ts";
import { BrokenSealError, createSealedBox, UnknownKeyError } from "./sealed-box.ts";
import type { SealContext } from "./sealed-box.ts";

const K1 = generateKey("k1");
const K2 = generateKey("k2");
const box = createSealedBox(parseKeyring(K1));
const HERE: SealContext = { table: "oauth_grant", column: "tokens", rowId: "0190-a" };

/** Any string that JavaScript knows, lone surrogates too. */
const anyString = () =>
  fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units));
const anyContext = () => fc.record({ table: anyString(), column: anyString(), rowId: anyString() });

describe("createSealedBox", () => {
  it("opens what it sealed: any string, any context", () => {
    fc.assert(
      fc.property(fc.oneof(anyString(), fc.string()), anyContext(), (text, context) => {
        expect(box.open(box.seal(text, context), context)).toBe(text);
      }),
    );
  });

  it("refuses a value with any single bit flipped", () => {
    const sealed = box.seal("refresh-token-1", HERE);
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const altered = sealed.slice();
      altered[bit >> 3] = (altered[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(() => box.open(altered, HERE), `bit ${bit}`).toThrow(/sealed/i);
    }
  });

  it("refuses a flipped bit for any text and key id", () => {
    const idOf = fc.stringMatching(/^[A-Za-z0-9_-]{1,32}$/);
    fc.assert(
      fc.property(idOf, anyString(), fc.nat(), (id, text, at) => {
        const own = createSealedBox(parseKeyring(generateKey(id)));
        const altered = own.seal(text, HERE);
        const bit = at % (altered.length * 8);
        altered[bit >> 3] = (altered[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(() => own.open(altered, HERE)).toThrow(/sealed/i);
      }),
    );
  });

  it("authenticates the key id, also when both ids name the same key", () => {
    const material = K1.slice(3);
    const twins = createSealedBox(parseKeyring(`k1:${material},k2:${material}`));
    const sealed = twins.seal("x", HERE);
    sealed[3] = "2".charCodeAt(0);
    expect(twins.keyIdOf(sealed)).toBe("k2");
    expect(() => twins.open(sealed, HERE)).toThrow(BrokenSealError);
  });

  it("refuses a value moved to any other row or column", () => {
    fc.assert(
      fc.property(anyContext(), anyContext(), (context, other) => {
        fc.pre(JSON.stringify(context) !== JSON.stringify(other));
        const sealed = box.seal("secret", context);
        expect(() => box.open(sealed, other)).toThrow(BrokenSealError);
      }),
    );
  });

  it("tells contexts apart that differ in a lone surrogate only", () => {
    const sealed = box.seal("secret", { ...HERE, rowId: "\ud800" });
    expect(() => box.open(sealed, { ...HERE, rowId: "\ud801" })).toThrow(BrokenSealError);
  });

  it("does not let text slide from one part of the context into the next", () => {
    fc.assert(
      fc.property(anyString(), anyString(), anyString(), fc.nat(), (table, column, rowId, cut) => {
        const joined = table + column;
        const at = cut % (joined.length + 1);
        fc.pre(at !== table.length);
        const sealed = box.seal("secret", { table, column, rowId });
        const moved = { table: joined.slice(0, at), column: joined.slice(at), rowId };
        expect(() => box.open(sealed, moved)).toThrow(BrokenSealError);
      }),
    );
  });

  it("refuses both of two values that have changed places, between rows or columns", () => {
    const other = fc.constantFrom(
      { ...HERE, rowId: "0190-b" },
      { ...HERE, column: "client_secret" },
      { ...HERE, table: "oauth_client" },
    );
    fc.assert(
      fc.property(anyString(), anyString(), other, (one, two, there) => {
        const [first, second] = [box.seal(one, HERE), box.seal(two, there)];
        expect(() => box.open(second, HERE)).toThrow(BrokenSealError);
        expect(() => box.open(first, there)).toThrow(BrokenSealError);
      }),
    );
  });

  it("refuses parts of two values put together, and bytes put in anywhere", () => {
    fc.assert(
      fc.property(
        anyString(),
        fc.uint8Array({ minLength: 1, maxLength: 40 }),
        fc.nat(),
        (text, more, cut) => {
          const sealed = box.seal(text, HERE);
          const at = cut % (sealed.length + 1);
          const longer = Buffer.concat([sealed.subarray(0, at), more, sealed.subarray(at)]);
          expect(() => box.open(longer, HERE)).toThrow(/sealed/i);
          const again = box.seal(text, HERE);
          // Of either value at least eight of the bytes that differ, so that none comes out whole by chance.
          fc.pre(at >= 12 && at <= sealed.length - 8);
          const mixed = Buffer.concat([sealed.subarray(0, at), again.subarray(at)]);
          expect(() => box.open(mixed, HERE)).toThrow(BrokenSealError);
        },
      ),
    );
  });

  it("refuses bytes that nobody sealed", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(() => box.open(bytes, HERE)).toThrow(/sealed/i);
      }),
    );
  });

  it("refuses any cut value", () => {
    const sealed = box.seal("refresh-token-1", HERE);
    for (let length = 0; length < sealed.length; length++) {
      expect(() => box.open(sealed.slice(0, length), HERE)).toThrow(BrokenSealError);
    }
  });

  it("never seals twice to the same bytes, and never shows the text", () => {
    const one = box.seal("refresh-token-1", HERE);
    expect(Buffer.from(one)).not.toEqual(Buffer.from(box.seal("refresh-token-1", HERE)));
    expect(Buffer.from(one).includes("refresh-token-1")).toBe(false);
  });

  it("R14 names the missing key and the variable to set, and leaves the value openable", () => {
    const sealed = box.seal("x", HERE);
    const error = catchError(() => createSealedBox(parseKeyring(K2)).open(sealed, HERE));
    expect(error).toBeInstanceOf(UnknownKeyError);
    expect(error).toMatchObject({ keyId: "k1" });
    expect(String(error)).toMatch(/"k1".*ENCRYPTION_KEYS/);
    const rotated = createSealedBox(parseKeyring(`${K2},${K1}`));
    expect(rotated.open(sealed, HERE)).toBe("x");
    expect(rotated.keyIdOf(sealed)).toBe("k1");
    expect(rotated.keyIdOf(rotated.seal("x", HERE))).toBe("k2");
  });

  it("tells a wrong key under a known id", () => {
    const sealed = box.seal("x", HERE);
    const impostor = createSealedBox(parseKeyring(generateKey("k1")));
    expect(() => impostor.open(sealed, HERE)).toThrow(BrokenSealError);
  });
});

function catchError(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  throw new Error("expected a throw");
}
