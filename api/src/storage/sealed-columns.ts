import { Prisma } from "@gatehouse/prisma";

/** A column that holds sealed values. Its context is always (model, field, row id), as `SealContext` says. */
export interface SealedColumn {
  readonly table: string;
  readonly column: string;
  /** The primary key, whose text is the row id in the context. */
  readonly key: { readonly column: string; readonly type: "uuid" | "text" };
  /** The key of the row with the sealed value, if the column holds other values in other rows. */
  readonly onlyRow?: string;
}

const id = { column: "id", type: "uuid" } as const;
const sealed = (table: string, ...columns: string[]): SealedColumn[] =>
  columns.map((column) => ({ table, column, key: id }));

/**
 * Every sealed column of the schema (verified by a test). The canary comes last, so that a process
 * without the old key is refused at startup for as long as any other value may need that key.
 */
export const sealedColumns: readonly SealedColumn[] = [
  ...sealed("McpServer", "headers", "oauthClientSecret", "oauthPrivateKey"),
  ...sealed("ServerKey", "headers"),
  ...sealed("OAuthClient", "clientSecret", "privateKey", "registrationAccessToken"),
  ...sealed("OAuthGrant", "accessToken", "refreshToken"),
  ...sealed("RevocationTask", "payload"),
  ...sealed("OAuthFlow", "codeVerifier", "heldCallback"),
  ...sealed("ToolExecution", "arguments", "result", "progress"),
  ...sealed("Elicitation", "question", "answer"),
  ...sealed("WebhookEndpoint", "secret", "previousSecret"),
  {
    table: "Setting",
    column: "value",
    key: { column: "name", type: "text" },
    onlyRow: "sealed-canary",
  },
];

/** The name that is shown to users, such as `OAuthGrant.accessToken`. */
export function nameColumn({ table, column }: Pick<SealedColumn, "table" | "column">): string {
  return `${table}.${column}`;
}

/** SQL fragments for statements about a column. */
export function sqlFor({ table, column, key, onlyRow }: SealedColumn) {
  const value = Prisma.raw(`"${column}"`);
  const keyColumn = Prisma.raw(`"${key.column}"`);
  return {
    table: Prisma.raw(`"${table}"`),
    value,
    key: keyColumn,
    keyType: Prisma.raw(key.type),
    /** True for the rows that hold a sealed value. */
    isSealed: onlyRow ? Prisma.sql`${keyColumn} = ${onlyRow}` : Prisma.sql`${value} IS NOT NULL`,
    // See `createSealedBox` for the layout. Only the first bytes are read, however long the value
    // is.
    keyId: Prisma.sql`CASE WHEN octet_length(${value}) > 2 AND get_byte(substring(${value} FROM 1 FOR 2), 0) = 1
      THEN encode(substring(${value} FROM 3 FOR get_byte(substring(${value} FROM 1 FOR 2), 1)), 'escape') ELSE '' END`,
  };
}
