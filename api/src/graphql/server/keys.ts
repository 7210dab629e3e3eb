import type { HeadersTest as HeadersTestShape } from "#services/discovery/test-headers.ts";
import { contactsServer } from "../budget/outbound-fields.ts";
import { builder } from "../builder.ts";
import { readIdOrNobody } from "../global-id.ts";
import { McpServer } from "./mcp-server.ts";
import { HeaderInput } from "./mutations.ts";

const SetMyHeadersInput = builder.inputType("SetMyHeadersInput", {
  description: "The caller's own key at a server.",
  fields: (t) => ({
    serverId: t.id({ required: true, description: "The ID of the server." }),
    headers: t.field({
      type: [HeaderInput],
      description:
        "The headers that replace those that were entered before. Each needs a value. They take precedence over the server's headers of the same name. Null removes the key. Write-only.",
    }),
    expiresAt: t.field({
      type: "DateTime",
      description: "The time at which the key expires. Null if it is not known.",
    }),
  }),
});

const TestHeadersInput = builder.inputType("TestHeadersInput", {
  description: "The headers to test, and a server: either `serverId`, or `workspaceId` and `url`.",
  fields: (t) => ({
    serverId: t.id({ description: "The ID of an existing server." }),
    workspaceId: t.id({
      description: "The ID of the workspace in which a server would be created.",
    }),
    url: t.string({ description: "The URL of the server that would be created." }),
    headers: t.field({
      type: [HeaderInput],
      required: true,
      description: "The headers to send. Each needs a value.",
    }),
  }),
});

const HeadersTestResult = builder.enumType("HeadersTestResult", {
  description: "The possible results of a test of a key.",
  values: {
    ACCEPTED: { description: "The server listed its tools." },
    REJECTED: { description: "The server answered with 401 or 403." },
    UNREACHABLE: {
      description: "The server did not give a usable answer, which says nothing about the key.",
    },
  } as const,
});

const HeadersTest = builder.objectRef<HeadersTestShape>("HeadersTest").implement({
  description: "The result of a test of a key.",
  fields: (t) => ({
    result: t.expose("result", {
      type: HeadersTestResult,
      description: "Whether the server accepted the key.",
    }),
    message: t.exposeString("message", { description: "The result in one sentence." }),
  }),
});

builder.mutationFields((t) => ({
  setMyHeaders: t.prismaField({
    type: McpServer,
    description:
      "Sets the key with which the caller uses a server whose authType is HEADERS and whose credentialScope is PERSONAL. The key is removed when the caller leaves the workspace, or when the URL of the server changes to another origin. Requires MEMBER.",
    args: {
      input: t.arg({
        type: SetMyHeadersInput,
        required: true,
        description: "The server and the caller's own key.",
      }),
    },
    resolve: async (query, _root, { input }, { db, caller, services }) => {
      const serverId = readIdOrNobody(input.serverId, "McpServer");
      const { headers = null, expiresAt = null } = input;
      await services.personalKeys.set(caller, { serverId, headers, expiresAt });
      return db.mcpServer.findUniqueOrThrow({ ...query, where: { id: serverId } });
    },
  }),
  testHeaders: t.field({
    type: HeadersTest,
    ...contactsServer,
    description:
      "Tests whether a server accepts a key, by listing its tools. Stores nothing. Requires ADMIN, or MEMBER for an existing server whose credentialScope is PERSONAL.",
    args: {
      input: t.arg({
        type: TestHeadersInput,
        required: true,
        description: "The server and the headers to test.",
      }),
    },
    resolve: (_root, { input }, { services, caller, budget }) => {
      const { serverId, workspaceId, url = null, headers } = input;
      const target = {
        serverId: serverId == null ? null : readIdOrNobody(serverId, "McpServer"),
        workspaceId: workspaceId == null ? null : readIdOrNobody(workspaceId, "Workspace"),
        url,
      };
      return services.headersTests.run(caller, target, headers, budget?.signal);
    },
  }),
}));
