import { describe, expect, it } from "vitest";
import { fillHeader, readConfig, type ConfigEntry } from "./read-config.ts";

function read(config: unknown): ConfigEntry[] {
  const reading = readConfig(typeof config === "string" ? config : JSON.stringify(config));
  if (!reading.ok) throw new Error(reading.message);
  return reading.entries;
}

const url = "https://mcp.example.com/mcp";
const plain = { kind: "remote", name: "acme", url, headers: [] };

describe("the forms of an mcp.json", () => {
  it.each([
    ["Claude Code", { mcpServers: { acme: { type: "http", url } } }],
    ["Cursor", { mcpServers: { acme: { url } } }],
    ["VS Code", { inputs: [], servers: { acme: { type: "http", url } } }],
    ["VS Code's settings", { mcp: { servers: { acme: { url } } } }],
    ["Cline", { mcpServers: { acme: { type: "streamableHttp", url, disabled: false } } }],
    ["Windsurf", { mcpServers: { acme: { serverUrl: url } } }],
    ["Gemini", { mcpServers: { acme: { httpUrl: url } } }],
    ["a bare list", { acme: { url } }],
    [
      "Claude Desktop",
      { mcpServers: { acme: { command: "npx", args: ["-y", "mcp-remote@latest", url] } } },
    ],
  ])("%s", (_form, config) => {
    expect(read(config)).toEqual([plain]);
  });

  it("comments and trailing commas, but not within strings", () => {
    const text = `\uFEFF{
      // what I use
      "mcpServers": { /* one */
        "acme": { "url": "https://mcp.example.com/a,]//b", "headers": { "X-Note": "/* kept */ ,}" , }, },
      },
    }`;
    expect(read(text)).toEqual([
      {
        kind: "remote",
        name: "acme",
        url: "https://mcp.example.com/a,]//b",
        headers: [{ name: "X-Note", value: "/* kept */ ,}", placeholders: [] }],
      },
    ]);
  });

  it("programs run on the person's machine, and their arguments are not told", () => {
    const github = {
      command: "/usr/bin/docker",
      args: ["run", "-e", "TOKEN=ghp_secret", "ghcr.io/github/server"],
      env: { TOKEN: "ghp_secret" },
    };
    const entries = read({ mcpServers: { github } });
    expect(entries).toEqual([{ kind: "local", name: "github", command: "docker" }]);
    expect(JSON.stringify(entries)).not.toContain("ghp_secret");
  });

  it("one faulty entry spoils no other", () => {
    const servers = {
      acme: { url },
      nothing: {},
      list: [],
      text: { url: "not a url" },
      file: { url: "file:///etc/passwd" },
      script: { url: "javascript:alert(1)" },
      open: { url: "https://${env:HOST}/mcp" },
    };
    const entries = read({ servers });
    expect(entries.map(({ name, kind }) => [name, kind])).toEqual([
      ["acme", "remote"],
      ...["nothing", "list", "text", "file", "script", "open"].map((name) => [name, "faulty"]),
    ]);
  });
});

describe("headers", () => {
  it.each([
    ["Bearer abc", []],
    ["Bearer ${input:token}", ["${input:token}"]],
    ["${env:USER}:${env:KEY}:${env:USER}", ["${env:USER}", "${env:KEY}"]],
    ["Bearer ${TOKEN}", ["${TOKEN}"]],
    ["Bearer ${TOKEN:-none}", ["${TOKEN:-none}"]],
    ["costs $5 {x}", []],
  ])("%s", (value, placeholders) => {
    const [entry] = read({ servers: { acme: { url, headers: { Authorization: value } } } });
    expect(entry).toMatchObject({ headers: [{ name: "Authorization", value, placeholders }] });
  });

  it("a bridge's header takes its value from the environment beside it", () => {
    const args = [
      "mcp-remote",
      url,
      "--header",
      "Authorization:${AUTH}",
      "--header",
      "X-Id: ${ID}",
    ];
    const [entry] = read({
      mcpServers: { acme: { command: "npx", args, env: { AUTH: "Bearer s" } } },
    });
    expect(entry).toMatchObject({
      headers: [
        { name: "Authorization", value: "Bearer s", placeholders: [] },
        { name: "X-Id", value: "${ID}", placeholders: ["${ID}"] },
      ],
    });
  });

  it("are filled exactly as typed", () => {
    const header = {
      name: "A",
      value: "Bearer ${input:t}/${input:t}",
      placeholders: ["${input:t}"],
    };
    expect(fillHeader(header, { "${input:t}": "a$&b" })).toBe("Bearer a$&b/a$&b");
  });
});

describe("what cannot be read says why", () => {
  it.each([
    ["", "nothing to read"],
    ["hello", "not JSON"],
    ['{\n  "servers": {}\n  "theme": 1\n}', "line 3"],
    ["[]", "no servers"],
    ["7", "no servers"],
    ['{"theme":"dark"}', "no servers"],
    ['{"mcpServers":{}}', "empty"],
  ])("%j", (text, words) => {
    const reading = readConfig(text);
    expect(reading.ok ? "" : reading.message).toContain(words);
  });

  it("without quoting the text, which may hold a secret", () => {
    const reading = readConfig('{"Authorization": "Bearer top-secret"');
    expect(JSON.stringify(reading)).not.toContain("top-secret");
    const second = readConfig("top-secret");
    expect(JSON.stringify(second)).not.toContain("top-secret");
  });
});
