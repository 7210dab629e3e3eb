import { expect, it } from "vitest";
import { readShortcut } from "./read-shortcut.ts";

/** The shortcut that the last of the keys makes, one second apart unless told. */
function press(keys: string[], apartMs = 1_000) {
  let begunMs: number | null = null;
  let last = null;
  for (const [index, key] of keys.entries()) {
    const reading = readShortcut(begunMs, key, index * apartMs);
    begunMs = reading.begunMs;
    last = reading.shortcut;
  }
  return last;
}

it.each([
  [["g", "s"], "servers"],
  [["g", "a"], "activity"],
  [["g", "d"], "dashboard"],
  [["?"], "help"],
  [["/"], "search"],
  [["g", "?"], "help"],
  [["g", "g", "s"], "servers"],
  [["s"], null],
  [["g", "x"], null],
  [["g", "x", "s"], null],
  [["g", "s", "s"], null],
] as const)("%j is %s", (keys, shortcut) => {
  expect(press([...keys])).toBe(shortcut);
});

it("forgets a g whose second key does not come", () => {
  expect(press(["g", "s"], 1_501)).toBeNull();
});
