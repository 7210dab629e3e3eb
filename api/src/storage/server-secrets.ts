import type { McpServer } from "@gatehouse/prisma";
import type { SealedBox } from "#crypto/sealed-box.ts";

/** The write-only settings of an MCP server. */
export interface ServerSecrets {
  sealHeaders(serverId: string, headers: Record<string, string>): Uint8Array<ArrayBuffer>;
  openHeaders(server: Pick<McpServer, "id" | "headers">): Record<string, string>;
  /** The headers of one account, by the id of its `ServerKey`. */
  sealKey(keyId: string, headers: Record<string, string>): Uint8Array<ArrayBuffer>;
  openKey(key: { id: string; headers: Uint8Array }): Record<string, string>;
  sealClientSecret(serverId: string, secret: string): Uint8Array<ArrayBuffer>;
  openClientSecret(server: Pick<McpServer, "id" | "oauthClientSecret">): string | null;
  sealPrivateKey(serverId: string, privateKey: string): Uint8Array<ArrayBuffer>;
  /** PKCS #8 in PEM. */
  openPrivateKey(server: Pick<McpServer, "id" | "oauthPrivateKey">): string | null;
}

export function createServerSecrets(box: SealedBox): ServerSecrets {
  const context = (column: string, rowId: string) => ({ table: "McpServer", column, rowId });
  const contextOfKey = (rowId: string) => ({ table: "ServerKey", column: "headers", rowId });
  return {
    sealHeaders: (id, headers) => box.seal(JSON.stringify(headers), context("headers", id)),
    openHeaders: ({ id, headers }) =>
      headers
        ? (JSON.parse(box.open(headers, context("headers", id))) as Record<string, string>)
        : {},
    sealKey: (id, headers) => box.seal(JSON.stringify(headers), contextOfKey(id)),
    openKey: ({ id, headers }) =>
      JSON.parse(box.open(headers, contextOfKey(id))) as Record<string, string>,
    sealClientSecret: (id, secret) => box.seal(secret, context("oauthClientSecret", id)),
    openClientSecret: ({ id, oauthClientSecret }) =>
      oauthClientSecret && box.open(oauthClientSecret, context("oauthClientSecret", id)),
    sealPrivateKey: (id, privateKey) => box.seal(privateKey, context("oauthPrivateKey", id)),
    openPrivateKey: ({ id, oauthPrivateKey }) =>
      oauthPrivateKey && box.open(oauthPrivateKey, context("oauthPrivateKey", id)),
  };
}
