import { builder } from "../builder.ts";

export const McpAuthType = builder.enumType("McpAuthType", {
  description: "The ways in which an MCP server authenticates callers.",
  values: {
    UNKNOWN: {
      description:
        "The type has not been detected because the server did not answer. Cannot be set by a caller.",
    },
    NONE: { description: "The server does not require authentication." },
    HEADERS: { description: "The server requires fixed headers, such as an API key." },
    OAUTH: { description: "The server requires an OAuth access token." },
  } as const,
});
