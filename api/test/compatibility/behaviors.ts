/**
 * How MCP servers and authorization servers behave in practice. `pnpm compat` runs the tests of each entry and writes
 * `docs/compatibility.md`.
 */
export interface Behavior {
  /** An ID of `docs/regressions.md`, or `P` and a number for a provider. It never changes. */
  id: string;
  /** What the other side does. */
  behavior: string;
  /** What other clients are known to do, with a public report; absent if none is known. */
  others?: { summary: string; report: string };
  /** What Gatehouse does. */
  gatehouse: string;
  /** How the full names of its tests begin; absent: they contain the ID. */
  tests?: string;
}

const github = (path: string) => `https://github.com/${path}`;

export const behaviors: readonly Behavior[] = [
  {
    id: "I1",
    behavior: "An open server has OAuth metadata at its origin.",
    others: {
      summary: "The client demands a sign-in that the server does not offer.",
      report: github("cyanheads/mcp-ts-core/issues/293"),
    },
    gatehouse: "Treats the server as open: metadata alone does not indicate protection.",
  },
  {
    id: "I2",
    behavior: "A server that takes an API key in a header answers a bare 401.",
    others: {
      summary: "The client starts OAuth and never sends the configured header.",
      report: github("nicobailon/pi-mcp-adapter/issues/158"),
    },
    gatehouse: "Tries the headers that the user entered first.",
  },
  {
    id: "I3",
    behavior: "A server answers 401 for a session that it has lost.",
    others: {
      summary: "After a restart of the server, every call fails with 401.",
      report: github("modelcontextprotocol/rust-sdk/issues/559"),
    },
    gatehouse: "Opens a new session with the same token before the 401 counts as a rejection.",
  },
  {
    id: "I4",
    behavior: "A legacy server refuses `server/discover`, answers nonsense or does not answer.",
    others: {
      summary: "The client falls back only after one error code, and fails after all others.",
      report: github("modelcontextprotocol/rust-sdk/issues/1040"),
    },
    gatehouse: "Sends `initialize` after every answer that does not prove a modern server.",
  },
  {
    id: "I5",
    behavior: "Documents have null in optional members, and lists have invalid entries.",
    others: {
      summary: "The client rejects the whole document.",
      report: github("open-metadata/OpenMetadata/issues/30642"),
    },
    gatehouse: "Reads null as absent and drops an invalid entry alone.",
  },
  {
    id: "I6",
    behavior: "The result of a tool has a malformed member besides its content.",
    gatehouse: "Keeps the result and repairs or drops the member.",
  },
  {
    id: "I7",
    behavior: "A number is too large, such as an expiry in milliseconds instead of seconds.",
    gatehouse: "Limits numbers when they are read.",
  },
  {
    id: "I8",
    behavior: "A page of a list ends with an empty `nextCursor`.",
    others: {
      summary: "The client asks for the same page without end.",
      report: github("modelcontextprotocol/java-sdk/issues/628"),
    },
    gatehouse: "Reads it as a cursor since 2026-07-28, and as the end of the list before.",
  },
  {
    id: "I9",
    behavior: "A token response has no `token_type`, or is form-encoded.",
    others: {
      summary: "The refresh fails, and the account stops working after the first expiry.",
      report: github("dust-tt/dust/pull/22773"),
    },
    gatehouse: "Stores the tokens, above all a rotated refresh token, and reports the deviation.",
  },
  {
    id: "I10",
    behavior: "A dead refresh token is reported as `invalid_request` or under another name.",
    others: {
      summary: "The client repeats the refused refresh and never asks the user.",
      report: github("keurcien/auxilia/pull/327"),
    },
    gatehouse: "Asks the user to sign in after repeated refusals, with a reason of its own.",
  },
  {
    id: "I11",
    behavior: "An authorization server refuses the parameter `resource`.",
    others: {
      summary: "Users cannot sign in, and the parameter cannot be switched off.",
      report: github("anthropics/claude-code/issues/73460"),
    },
    gatehouse: "Repeats the request once without it, and remembers the issuer.",
  },
  {
    id: "I12",
    behavior: "A tool result has an OAuth challenge in `mcp/www_authenticate`.",
    others: {
      summary: "The client drops the challenge and shows an ordinary error.",
      report: github("can1357/oh-my-pi/issues/6338"),
    },
    gatehouse: "Treats it as the 401 or 403 that it represents.",
  },
  {
    id: "I13",
    behavior: "Registration requires scopes, or the token endpoint refuses HTTP Basic.",
    others: {
      summary: "The code exchange fails with `invalid_client`.",
      report: github("archestra-ai/archestra/issues/7977"),
    },
    gatehouse: "Registers once more with scopes, and authenticates with post, then with none.",
  },
  {
    id: "I14",
    behavior: "The scope `offline_access` is listed and refused.",
    others: {
      summary: "The attempt ends with `invalid_scope`, every time.",
      report: github("ChronoAIProject/NyxID/issues/1217"),
    },
    gatehouse: "Leaves it out of the next attempt, and says that access cannot be refreshed.",
  },
  {
    id: "I15",
    behavior: "A scope is required, but no document names one.",
    gatehouse: "Offers the scopes of the authorization server where the attempt failed.",
  },
  {
    id: "I16",
    behavior: "The metadata names another issuer than expected.",
    others: {
      summary: "A trailing slash is enough to make the client refuse the server.",
      report: github("anomalyco/opencode/issues/50036"),
    },
    gatehouse:
      "Accepts a trailing slash, lets an administrator accept another path, and refuses another host.",
  },
  {
    id: "I17",
    behavior: "The address of the server redirects.",
    others: {
      summary: "The client repeats the request as GET, and loops.",
      report: github("modelcontextprotocol/modelcontextprotocol/issues/2755"),
    },
    gatehouse: "Reports the address that responds, to be used with one click.",
  },
  {
    id: "I18",
    behavior: "The callback is called with a trailing slash, or by a prefetch.",
    gatehouse: "Accepts the path, and does not redeem the code for a prefetch.",
  },
  {
    id: "I19",
    behavior: "A lost session is reported as 400, 410 or an error in a result.",
    others: {
      summary: "Calls fail after each deployment of the server until the client is restarted.",
      report: github("mcp-use/mcp-use/issues/1133"),
    },
    gatehouse: "Recognizes all these forms, and repeats the call in a new session.",
  },
  {
    id: "I20",
    behavior: "A server with an API key gets none, or a wrong one.",
    gatehouse: "Shows a missing, rejected and accepted key as states of the server.",
  },
  {
    id: "I21",
    behavior: "The refresh after a 401 meets a transient failure.",
    others: {
      summary: "The client asks the user to sign in again.",
      report: github("aaif-goose/goose/issues/12016"),
    },
    gatehouse: "Refreshes as soon as the failure is over.",
  },
  {
    id: "I22",
    behavior: "A server changes its protocol revision during operation.",
    gatehouse: "Negotiates again, and repeats the call that was refused before it ran.",
  },
  {
    id: "I23",
    behavior: "An access token is revoked shortly after it was refreshed.",
    gatehouse: "Refreshes again, and suspends only after several new tokens were refused.",
  },
  {
    id: "R1",
    behavior: "A refresh token that is used twice ends all tokens.",
    others: {
      summary: "Concurrent calls refresh at the same time, and delete the valid tokens.",
      report: github("google-gemini/gemini-cli/issues/29048"),
    },
    gatehouse: "Sends one token request for an expiry, whatever the number of calls and processes.",
  },
  {
    id: "R6",
    behavior: "The response to a refresh has no refresh token.",
    others: {
      summary: "The client loses the refresh token.",
      report: github("modelcontextprotocol/rust-sdk/issues/921"),
    },
    gatehouse: "Keeps whatever the response leaves out.",
  },
  {
    id: "R7",
    behavior: "The token endpoint answers with a server error, a timeout or garbage.",
    others: {
      summary: "The client deletes its registration and tokens.",
      report: github("knowsuchagency/mcp2cli/pull/60"),
    },
    gatehouse: "Keeps the grant and tries again later.",
  },
  {
    id: "R8",
    behavior: "The authorization server ends a grant.",
    others: {
      summary: "The client sends the dead token in every session.",
      report: github("can1357/oh-my-pi/issues/1908"),
    },
    gatehouse: "Reports it once, and asks no more.",
  },
  {
    id: "R9",
    behavior: "The authorization server forgets the client.",
    gatehouse: "Gives this as the reason, and registers again with the next consent.",
  },
  {
    id: "R11",
    behavior: "A token response does not state a lifetime.",
    gatehouse: "Uses the token until it is rejected.",
  },
  {
    id: "R16",
    behavior: "The token endpoint accepts one way of client authentication only.",
    others: {
      summary: "The client authenticates in another way than the registered one.",
      report: github("openai/codex/issues/40928"),
    },
    gatehouse: "Authenticates in exactly the registered way.",
  },
  {
    id: "C8",
    behavior: "The authorization server registers no clients.",
    gatehouse: "Shows the exact redirect URI for registering a client manually.",
  },
  {
    id: "D2",
    behavior: "The error code of a response contradicts the metadata of the resource.",
    gatehouse: "Follows the protected resource metadata.",
  },
  {
    id: "D3",
    behavior: "A server lists its tools openly, and requires OAuth for calls.",
    gatehouse: "Detects this from its metadata, or at the first call.",
  },
  {
    id: "S4",
    behavior: "A list of tools does not end, or has invalid entries.",
    others: {
      summary: "The client repeats the request, and shows each tool many times.",
      report: github("DeusData/codebase-memory-mcp/issues/1247"),
    },
    gatehouse: "Follows the pages up to a limit, and drops invalid entries alone.",
  },
  {
    id: "MCP-AUTH-2",
    behavior: "A server publishes its metadata at some of the well-known places only.",
    others: {
      summary: "The sign-in fails before it begins.",
      report: github("BuilderIO/agent-native/issues/5268"),
    },
    gatehouse: "Reads the challenge first, then the well-known places.",
  },
  {
    id: "MCP-AUTH-3",
    behavior: "A server lists several authorization servers.",
    gatehouse: "Lets the user select one, and keeps credentials apart by issuer.",
  },
  {
    id: "MCP-AUTH-4",
    behavior: "The issuer has a path, or publishes only OpenID metadata.",
    gatehouse: "Tries all places of RFC 8414 and OpenID Connect Discovery.",
  },
  {
    id: "MCP-AUTH-6",
    behavior: "An authorization server supports only some ways of registration.",
    gatehouse: "Uses the first that it supports, and else asks for a client ID.",
  },
  {
    id: "MCP-AUTH-10",
    behavior: "The metadata lists no PKCE methods.",
    others: {
      summary: "The client rejects the metadata as malformed.",
      report: github("vercel/ai/pull/17485"),
    },
    gatehouse:
      "Refuses, as the MCP specification requires, except for providers known to support S256.",
  },
  {
    id: "MCP-AUTH-11",
    behavior: "The authorization server compares `resource` byte by byte.",
    others: {
      summary: "The client appends a slash, and the sign-in fails.",
      report: github("anthropics/claude-code/issues/52871"),
    },
    gatehouse: "Sends the value exactly as the server published it.",
  },
  {
    id: "MCP-AUTH-12",
    behavior: "The list of scopes is empty.",
    others: {
      summary: "The client requests scopes of its own choice, and is refused.",
      report: github("punkpeye/mcp-remote/issues/216"),
    },
    gatehouse: "Requests the scopes of the challenge, else of the resource, else none.",
  },
  {
    id: "MCP-AUTH-13",
    behavior: "Refresh tokens are issued only for `offline_access`.",
    others: {
      summary: "The client never requests it, and users sign in again every few minutes.",
      report: github("anomalyco/opencode/issues/34034"),
    },
    gatehouse: "Requests it where the authorization server lists it.",
  },
  {
    id: "MCP-AUTH-17",
    behavior: "An endpoint is neither https nor loopback.",
    gatehouse: "Refuses it, and names the address.",
  },
  {
    id: "P1",
    behavior: "Slack separates user scopes, nests tokens and reports errors with HTTP 200.",
    gatehouse: "Applies the profile of Slack.",
    tests: "Slack",
  },
  {
    id: "P2",
    behavior: "GitHub issues tokens without expiry and reports errors with HTTP 200.",
    gatehouse: "Applies the profile of GitHub.",
    tests: "GitHub",
  },
  {
    id: "P3",
    behavior: "Entra refuses `resource` and `prompt=consent`, and does not list PKCE.",
    gatehouse: "Applies the profile of Entra.",
    tests: "Entra",
  },
  {
    id: "P4",
    behavior: "Google lists tools openly, and its issuer has a slash in one of two documents.",
    gatehouse: "Applies the profile of Google.",
    tests: "Google and Miro",
  },
  {
    id: "P5",
    behavior: "Atlassian's metadata names another host.",
    gatehouse: "Applies the profile of Atlassian.",
    tests: "Atlassian",
  },
  {
    id: "P6",
    behavior: "Notion refuses two ways of client authentication, and reused refresh tokens.",
    gatehouse: "Sends one way per request, and uses a refresh token once.",
    tests: "Notion",
  },
  {
    id: "P7",
    behavior: "better-auth has an issuer with a path, and answers a repeated refresh for a while.",
    gatehouse: "Finds the metadata, and repeats a refresh whose answer was lost.",
    tests: "better-auth",
  },
  {
    id: "P8",
    behavior: "oidc-provider issues refresh tokens only with `prompt=consent`.",
    gatehouse: "Sends it together with `offline_access`.",
    tests: "oidc-provider",
  },
];
