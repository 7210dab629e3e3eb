import type { AuthorizationServerOption as OptionShape } from "#services/discovery/authorization-server-option.ts";
import { builder } from "../builder.ts";
import { ClientRegistrationKind } from "./flow.ts";

export const AuthorizationServerOption = builder
  .objectRef<OptionShape>("AuthorizationServerOption")
  .implement({
    description: "An authorization server that can authorize access to an MCP server.",
    fields: (t) => ({
      issuer: t.expose("issuer", {
        type: "URL",
        description:
          "The issuer identifier of the authorization server, for use as StartOAuthInput.issuer.",
      }),
      name: t.exposeString("name", {
        description: "The name of the provider if it is known, otherwise the host of the issuer.",
      }),
      clientRegistration: t.expose("clientRegistration", {
        type: ClientRegistrationKind,
        nullable: true,
        description:
          "The way in which Gatehouse registers as a client there. Null if a client must be registered manually.",
      }),
    }),
  });
