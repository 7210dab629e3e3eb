import { describe, expect, it } from "vitest";
import { readConfig } from "./read-config.ts";
import { configForms, writeConfig, type ExportedServer } from "./write-config.ts";

const servers: ExportedServer[] = [
  { name: "Acme Notes", url: "https://notes.example.com/mcp", headerNames: [] },
  { name: "Keyed", url: "https://key.example.com/mcp", headerNames: ["Authorization", "X-Id"] },
  { name: "Keyed", url: "https://second.example.com/mcp", headerNames: [] },
];

describe.each(configForms)("$label", ({ form }) => {
  it("is read again as the same servers, every secret a placeholder", () => {
    const reading = readConfig(writeConfig(servers, form));
    if (!reading.ok) throw new Error(reading.message);
    expect(reading.entries.map(({ name, kind }) => [name, kind])).toEqual([
      ["Acme Notes", "remote"],
      ["Keyed", "remote"],
      ["Keyed 2", "remote"],
    ]);
    expect(reading.entries.map((each) => (each.kind === "remote" ? each.url : ""))).toEqual(
      servers.map(({ url }) => url),
    );
    const [, keyed] = reading.entries;
    expect(keyed).toMatchObject({
      headers: [
        { name: "Authorization", placeholders: [expect.any(String)] },
        { name: "X-Id", placeholders: [expect.any(String)] },
      ],
    });
  });

  it("shows no key of a URL's query", () => {
    const keyed = { name: "Q", url: "https://a.example/mcp?api_key=s3cret&x=1", headerNames: [] };
    const text = writeConfig([keyed], form);
    expect(text).not.toContain("s3cret");
    expect(text).toContain("api_key=${");
  });
});

it("VS Code asks for each secret, hidden while it is typed", () => {
  expect(JSON.parse(writeConfig(servers, "vscode"))).toMatchObject({
    inputs: [
      { type: "promptString", id: "keyed-authorization", password: true },
      { type: "promptString", id: "keyed-x-id", password: true },
    ],
    servers: { Keyed: { headers: { Authorization: "${input:keyed-authorization}" } } },
  });
});
