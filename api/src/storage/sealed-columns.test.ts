import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, it } from "vitest";
import { nameColumn, sealedColumns } from "./sealed-columns.ts";

/** Bytes that are no secret: hashes. */
const open = [
  "OAuthFlow.heldSecretHash",
  "OAuthFlow.stateHash",
  "ApiToken.hash",
  "ToolPolicy.approvedFingerprint",
  "ToolPolicy.otherFingerprints",
  "ToolPolicy.decidedFingerprint",
  "IdempotencyKey.keyHash",
  "IdempotencyKey.requestHash",
  "Invitation.tokenHash",
  "OwnerLink.tokenHash",
];

interface BytesField {
  name: string;
  /** By its comment. */
  isSealed: boolean;
}

/** Every field of type Bytes, with the comment above it. */
function readBytesFields(schema: string): BytesField[] {
  const fields: BytesField[] = [];
  let model = "";
  let comment = "";
  for (const line of schema.split("\n").map((text) => text.trim())) {
    model = /^model (\w+)/.exec(line)?.[1] ?? model;
    if (line.startsWith("///")) comment += line;
    else {
      const field = /^(\w+)\s+Bytes/.exec(line)?.[1];
      if (field) fields.push({ name: `${model}.${field}`, isSealed: /sealed/i.test(comment) });
      comment = "";
    }
  }
  return fields;
}

const schemaFile = resolve(import.meta.dirname, "../../../prisma/schema.prisma");
const fields = readBytesFields(readFileSync(schemaFile, "utf8"));

it("a reseal goes through every column of bytes that the schema has, but for the open ones", () => {
  const names = fields.map(({ name }) => name).filter((name) => !open.includes(name));
  expect(sealedColumns.map(nameColumn).toSorted()).toEqual(names.toSorted());
});

it("whatever the schema calls sealed is among them", () => {
  const called = fields.filter(({ isSealed }) => isSealed).map(({ name }) => name);
  expect(called.length).toBeGreaterThan(10);
  expect(sealedColumns.map(nameColumn)).toEqual(expect.arrayContaining(called));
});

it("the canary comes last", () => {
  expect(sealedColumns.at(-1)).toMatchObject({ table: "Setting", onlyRow: "sealed-canary" });
});
