/** What authorization servers with dynamic registration share. */
import { randomUUID } from "node:crypto";
import type { ReceivedRequest } from "./provider.ts";
import type { ConsentRecord, TokenBook } from "./token-book.ts";

export interface RegisteredClients {
  register(request: ReceivedRequest, method: string): Response;
  knows(clientId: string | null): boolean;
  secretOf(clientId: string): string | undefined;
}

export function createRegisteredClients(): RegisteredClients {
  const secrets = new Map<string, string>();
  return {
    register({ text }, method) {
      const client = { client_id: randomUUID(), client_secret: randomUUID() };
      secrets.set(client.client_id, client.client_secret);
      const asked = JSON.parse(text) as Record<string, unknown>;
      return Response.json(
        { ...asked, ...client, client_secret_expires_at: 0, token_endpoint_auth_method: method },
        { status: 201 },
      );
    },
    knows: (clientId) => clientId !== null && secrets.has(clientId),
    secretOf: (clientId) => secrets.get(clientId),
  };
}

export function refuse(error: string, description: string, status = 400): Response {
  return Response.json({ error, error_description: description }, { status });
}

/** A bearer token as RFC 6749 §5.1 has it; with `refreshToken`, one that can be refreshed. */
export function issueBearer(
  book: TokenBook,
  refreshToken: string | null,
  consent?: ConsentRecord,
): Response {
  return Response.json({
    access_token: book.issueAccessToken(),
    token_type: "bearer",
    expires_in: 3_600,
    ...(refreshToken === null ? {} : { refresh_token: refreshToken }),
    ...(consent ? { scope: consent.scopes.join(" ") } : {}),
  });
}
