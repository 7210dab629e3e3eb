import { describe, expect, it, vi } from "vitest";
import { createKeyReloader } from "./key-reloader.ts";
import { generateKey, KeyringError, parseKeyring } from "./keyring.ts";
import { createLiveKeyring } from "./live-keyring.ts";
import { createSealedBox, UnknownKeyError } from "./sealed-box.ts";

const [one, two] = [generateKey("one"), generateKey("two")];
const here = { table: "OAuthGrant", column: "accessToken", rowId: "1" };

describe("createLiveKeyring", () => {
  it("seals with the new key from the moment it is there, and still opens what the old one sealed", () => {
    const keyring = createLiveKeyring(parseKeyring(one), () => 0);
    const box = createSealedBox(keyring);
    const old = box.seal("secret", here);
    keyring.replace(parseKeyring(`${two},${one}`));
    expect(keyring.ids).toEqual(["two", "one"]);
    expect(box.keyIdOf(box.seal("secret", here))).toBe("two");
    expect(box.open(old, here)).toBe("secret");
  });

  it("opens with a key that was taken out for a while, then names it", () => {
    let now = 0;
    const keyring = createLiveKeyring(parseKeyring(`${two},${one}`), () => now, 60_000);
    const box = createSealedBox(keyring);
    const old = createSealedBox(parseKeyring(one)).seal("secret", here);
    keyring.replace(parseKeyring(two));
    expect(keyring.ids).toEqual(["two"]);
    now = 59_999;
    expect(box.open(old, here)).toBe("secret");
    now = 60_000;
    expect(() => box.open(old, here)).toThrow(UnknownKeyError);
  });

  it("takes a key of the same id for the new one", () => {
    const keyring = createLiveKeyring(parseKeyring(one), () => 0);
    const other = generateKey("one");
    keyring.replace(parseKeyring(other));
    const sealed = createSealedBox(parseKeyring(other)).seal("secret", here);
    expect(createSealedBox(keyring).open(sealed, here)).toBe("secret");
  });
});

describe("createKeyReloader", () => {
  function setUp() {
    const keyring = createLiveKeyring(parseKeyring(one), () => 0);
    const file = { text: `${one}\n` };
    const admit = vi.fn(async (): Promise<void> => undefined);
    const onChanged = vi.fn();
    const onRefused = vi.fn();
    const reload = createKeyReloader({
      keyring,
      initial: one,
      read: () => file.text,
      admit,
      onChanged,
      onRefused,
    });
    return { keyring, file, admit, onChanged, onRefused, reload };
  }

  it("takes a changed list, once", async () => {
    const { keyring, file, admit, onChanged, reload } = setUp();
    await reload();
    expect(admit).not.toHaveBeenCalled();
    file.text = `${two},${one}`;
    await reload();
    await reload();
    expect(keyring.sealing.id).toBe("two");
    expect(onChanged).toHaveBeenCalledTimes(1);
  });

  it("keeps the keys it has when the list is damaged or gone, and says so once", async () => {
    const { keyring, file, onRefused, reload } = setUp();
    file.text = "damaged";
    await reload();
    await reload();
    expect(onRefused).toHaveBeenCalledTimes(1);
    expect(onRefused).toHaveBeenCalledWith(expect.any(KeyringError));
    file.text = one;
    await reload();
    expect(keyring.ids).toEqual(["one"]);
    file.text = "damaged";
    await reload();
    expect(onRefused).toHaveBeenCalledTimes(2);
  });

  it("tries again while the new keys cannot be judged", async () => {
    const { keyring, file, admit, reload } = setUp();
    admit.mockRejectedValueOnce(new Error("no database"));
    file.text = `${two},${one}`;
    await reload();
    expect(keyring.sealing.id).toBe("one");
    await reload();
    expect(keyring.sealing.id).toBe("two");
  });
});
