import { type Keyring, parseKeyring } from "#crypto/keyring.ts";
import { writeSecretFile } from "#config/secret-files.ts";

/** Where an installation's list of keys stands. A command changes the file itself, and can only say what to set otherwise. */
export type KeySource =
  | { readonly kind: "file"; readonly path: string; read(): string; write(list: string): void }
  | { readonly kind: "environment"; read(): string };

/** @param read what the file holds now */
export function createFileSource(path: string, read: () => string): KeySource {
  return {
    kind: "file",
    path,
    read,
    write(list) {
      // Nothing that could not be read again takes the place of the keys.
      parseKeyring(list);
      writeSecretFile(path, list);
    },
  };
}

export function createEnvironmentSource(list: string): KeySource {
  return { kind: "environment", read: () => list };
}

export function readKeyring(source: KeySource): Keyring {
  return parseKeyring(source.read());
}

/** The entries of a list by id, in its order. */
export function splitList(list: string): Map<string, string> {
  return new Map(
    list
      .split(",")
      .map((entry) => entry.trim())
      .map((entry) => [entry.slice(0, entry.indexOf(":")), entry]),
  );
}

/** `k20261123`, or `k20261123-2` where that was taken. */
export function nameNewKey(today: Date, taken: ReadonlySet<string>): string {
  const name = `k${today.toISOString().slice(0, 10).replaceAll("-", "")}`;
  if (!taken.has(name)) return name;
  let number = 2;
  while (taken.has(`${name}-${number}`)) number += 1;
  return `${name}-${number}`;
}
