import { sendJson } from "./scripted.ts";
import {
  challenge,
  describeAuthorizationServer,
  type Parts,
  type ProtectedCounterparty,
  startProtected,
} from "./protected.ts";

export interface MarkedCounterparty extends ProtectedCounterparty {
  /** Every secret that its authorization server has given out; each holds the mark. */
  issued: string[];
  /** The callback that its consent page would make, with a new code. */
  approve(authorizationUrl: string): string;
  /** The access tokens given out so far are refused from now on. */
  expireAccessTokens(): void;
  isAccepted(authorization: string | undefined): boolean;
}

/**
 * A server of the 2026-07-28 revision with an authorization server of its own, whose every secret can be told by its mark. Codes and
 * refresh tokens work once; its errors repeat what it was sent.
 */
export async function startMarked(
  mark: string,
  changes: Partial<Parts> = {},
): Promise<MarkedCounterparty> {
  const issued: string[] = [];
  const live = { access: new Set<string>(), once: new Set<string>() };
  const issue = (kind: string): string => {
    const secret = `${mark}-${kind}-${issued.length}`;
    issued.push(secret);
    return secret;
  };
  const isAccepted = (authorization: string | undefined): boolean =>
    live.access.has(authorization?.replace(/^Bearer /, "") ?? "");

  const counterparty = await startProtected({
    mcp(received, response) {
      if (!isAccepted(received.headers.authorization)) return challenge(received, response);
      const { id, method } = JSON.parse(received.body);
      const result = results[method as keyof typeof results];
      sendJson(response, 200, {
        jsonrpc: "2.0",
        id,
        result: { resultType: "complete", ...result },
      });
    },
    authorizationServer: (origin) =>
      describeAuthorizationServer(origin, {
        token_endpoint_auth_methods_supported: ["client_secret_post"],
        authorization_response_iss_parameter_supported: true,
      }),
    register(_received, response) {
      sendJson(response, 201, {
        client_id: `${mark}.client`,
        client_secret: issue("client-secret"),
        token_endpoint_auth_method: "client_secret_post",
        registration_access_token: issue("registration"),
      });
    },
    token({ body }, response) {
      const form = new URLSearchParams(body);
      if (!live.once.delete(form.get("code") ?? form.get("refresh_token") ?? ""))
        return sendJson(response, 400, {
          error: "invalid_grant",
          error_description: `refused ${body}`,
        });
      const [access, refresh] = [issue("access"), issue("refresh")];
      live.access.add(access);
      live.once.add(refresh);
      sendJson(response, 200, {
        access_token: access,
        refresh_token: refresh,
        token_type: "Bearer",
        expires_in: 3_600,
      });
    },
    ...changes,
  });
  return {
    ...counterparty,
    issued,
    isAccepted,
    expireAccessTokens: () => live.access.clear(),
    approve(authorizationUrl) {
      const asked = new URL(authorizationUrl).searchParams;
      const callback = new URL(asked.get("redirect_uri") ?? "");
      const code = issue("code");
      live.once.add(code);
      callback.searchParams.set("code", code);
      callback.searchParams.set("state", asked.get("state") ?? "");
      callback.searchParams.set("iss", counterparty.origin);
      return callback.href;
    },
  };
}

const results = {
  "server/discover": { supportedVersions: ["2026-07-28"], capabilities: { tools: {} } },
  "tools/list": { tools: [{ name: "look", inputSchema: { type: "object" } }] },
  "tools/call": { content: [{ type: "text", text: "done" }] },
};
