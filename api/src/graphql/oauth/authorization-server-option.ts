import type { AuthorizationServerOption as OptionShape } from "#services/discovery/authorization-server-option.ts";
import { builder } from "../builder.ts";
import { ClientRegistrationKind } from "./flow.ts";

export const AuthorizationServerOption = builder
  .objectRef<OptionShape>("AuthorizationServerOption")
  .implement({
    description: "An authorization server at which a server can be signed in to.",
    fields: (t) => ({
      issuer: t.expose("issuer", {
        type: "URL",
        description: "What it is known by, and what StartOAuthInput.issuer takes.",
      }),
      name: t.exposeString("name", {
        description: "The provider's name where it is known, else the issuer's host.",
      }),
      clientRegistration: t.expose("clientRegistration", {
        type: ClientRegistrationKind,
        nullable: true,
        description:
          "How Gatehouse would be known there; null: someone must register a client by hand.",
      }),
    }),
  });
