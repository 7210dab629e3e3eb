/** What is known of a server of the workspace. Values of its headers are not: they are write-only. */
export type ExportedServer = { name: string; url: string; headerNames: string[] };

export const configForms = [
  { form: "claude-code", label: "Claude Code", file: ".mcp.json" },
  { form: "claude-desktop", label: "Claude Desktop", file: "claude_desktop_config.json" },
  { form: "cursor", label: "Cursor", file: "mcp.json" },
  { form: "vscode", label: "VS Code", file: "mcp.json" },
  { form: "cline", label: "Cline", file: "cline_mcp_settings.json" },
] as const;

export type ConfigForm = (typeof configForms)[number]["form"];

/**
 * An mcp.json of these servers. Secrets are placeholders in the way that the program reads them; a URL's query may
 * hold a key, so its values are placeholders too.
 */
export function writeConfig(servers: ExportedServer[], form: ConfigForm): string {
  const named = nameApart(servers);
  return `${JSON.stringify(form === "vscode" ? writeVsCode(named) : writeServers(named, form), null, 2)}\n`;
}

function writeServers(servers: ExportedServer[], form: Exclude<ConfigForm, "vscode">) {
  return {
    mcpServers: Object.fromEntries(
      servers.map((server) => [server.name, writeServer(server, form)]),
    ),
  };
}

function writeServer(server: ExportedServer, form: Exclude<ConfigForm, "vscode">) {
  const mark = (key: string) =>
    form === "cursor" || form === "cline" ? `\${env:${key}}` : `\${${key}}`;
  const url = hideQuery(server, mark);
  const headers = Object.fromEntries(
    server.headerNames.map((name) => [name, mark(keyOf(server.name, name))]),
  );
  const withHeaders = server.headerNames.length > 0 ? { headers } : {};
  switch (form) {
    case "claude-code":
      return { type: "http", url, ...withHeaders };
    case "cursor":
      return { url, ...withHeaders };
    case "cline":
      return { type: "streamableHttp", url, ...withHeaders, disabled: false };
    case "claude-desktop":
      // It starts programs alone: mcp-remote is the usual bridge to a server elsewhere.
      return {
        command: "npx",
        args: [
          "-y",
          "mcp-remote",
          url,
          ...Object.entries(headers).flatMap(([name, value]) => ["--header", `${name}:${value}`]),
        ],
      };
  }
}

function writeVsCode(servers: ExportedServer[]) {
  const inputs = new Map<string, string>();
  const ask = (server: ExportedServer, what: string) => {
    const id = keyOf(server.name, what).toLowerCase().replaceAll("_", "-");
    inputs.set(id, `${what} of ${server.name}`);
    return `\${input:${id}}`;
  };
  const entries = servers.map((server) => {
    const headers = server.headerNames.map((name) => [name, ask(server, name)] as const);
    const url = hideQuery(server, (_key, what) => ask(server, what));
    const entry = { type: "http", url };
    return [
      server.name,
      headers.length > 0 ? { ...entry, headers: Object.fromEntries(headers) } : entry,
    ] as const;
  });
  return {
    inputs: [...inputs].map(([id, description]) => ({
      type: "promptString",
      id,
      description,
      password: true,
    })),
    servers: Object.fromEntries(entries),
  };
}

function hideQuery(server: ExportedServer, mark: (key: string, what: string) => string): string {
  if (!URL.canParse(server.url)) return server.url;
  const { origin, pathname, searchParams } = new URL(server.url);
  const query = [...searchParams.keys()].map(
    (name) => `${encodeURIComponent(name)}=${mark(keyOf(server.name, name), name)}`,
  );
  return origin + pathname + (query.length > 0 ? `?${query.join("&")}` : "");
}

/** The name of an environment variable: "Acme Notes", "X-Key" -> ACME_NOTES_X_KEY. */
function keyOf(server: string, what: string): string {
  const key = `${server}_${what}`
    .toUpperCase()
    .replaceAll(/[^A-Z0-9]+/g, "_")
    .replaceAll(/^_+|_+$/g, "");
  return /^[A-Z]/.test(key) ? key : `MCP_${key}`;
}

/** Names are keys there: of two alike, the second gets a number. */
function nameApart(servers: ExportedServer[]): ExportedServer[] {
  const taken = new Set<string>();
  return servers.map((server) => {
    let { name } = server;
    for (let count = 2; taken.has(name); count += 1) name = `${server.name} ${count}`;
    taken.add(name);
    return { ...server, name };
  });
}
