/** Says in one sentence what is wrong with a database that was named to us, before anything else trips over it. */
import { Client, DatabaseError } from "pg";

export type DatabaseProbe = { ok: true } | { ok: false; message: string };

const CONNECT_TIMEOUT_MS = 10_000;
/** `uuidv7()` came with it. */
const OLDEST_MAJOR_VERSION = 18;

/** Connects once. The message names the host and never the password. */
export async function probeDatabase(databaseUrl: string): Promise<DatabaseProbe> {
  let client: Client | null = null;
  try {
    // Options of the URL may name files, which are read here.
    client = new Client({
      connectionString: databaseUrl,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    });
    // A connection that breaks later would otherwise end the process.
    client.on("error", () => {});
    await client.connect();
    const { rows } = await client.query(
      "select current_setting('server_version_num')::int as version",
    );
    const major = Math.floor(Number(rows[0]?.version) / 10_000);
    if (major < OLDEST_MAJOR_VERSION) {
      return {
        ok: false,
        message: `DATABASE_URL leads to PostgreSQL ${major}; Gatehouse needs ${OLDEST_MAJOR_VERSION} or newer.`,
      };
    }
    return { ok: true };
  } catch (error) {
    return { ok: false, message: describeFailure(error, new URL(databaseUrl)) };
  } finally {
    await client?.end().catch(() => {});
  }
}

function describeFailure(error: unknown, url: URL): string {
  const server = `${url.hostname || "localhost"}:${url.port || "5432"}`;
  const name = decodeURIComponent(url.pathname.slice(1));
  const user = decodeURIComponent(url.username);
  const code = readCode(error);
  switch (code) {
    case "ECONNREFUSED":
      return `Nothing listens at ${server}, where DATABASE_URL expects PostgreSQL.`;
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return `The host ${url.hostname} of DATABASE_URL is not known.`;
    case "28P01":
    case "28000":
      return `PostgreSQL at ${server} refuses the user ${JSON.stringify(user)} or the password of DATABASE_URL.`;
    case "3D000":
      return `PostgreSQL at ${server} has no database ${JSON.stringify(name)}: create it, or correct DATABASE_URL.`;
    default:
      return `PostgreSQL at ${server} cannot be reached (${describe(error)}): check DATABASE_URL.`;
  }
}

/** A name with several addresses fails with all their errors at once. */
function readCode(error: unknown): string | undefined {
  if (error instanceof AggregateError) return readCode(error.errors[0]);
  if (error instanceof DatabaseError) return error.code;
  if (error instanceof Error && "code" in error) return String(error.code);
  // A SCRAM exchange without a password fails in the client, before the server can say so.
  if (error instanceof Error && /password must be a/.test(error.message)) return "28P01";
  return undefined;
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
