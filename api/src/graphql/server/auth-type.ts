import { builder } from "../builder.ts";

export const McpAuthType = builder.enumType("McpAuthType", {
  description: "What an MCP server asks of its callers.",
  values: {
    UNKNOWN: { description: "Not detected yet: nothing answered. Never chosen by a caller." },
    NONE: { description: "Nothing." },
    HEADERS: { description: "Fixed headers, such as an API key." },
    OAUTH: { description: "An access token that a person has consented to." },
  } as const,
});
