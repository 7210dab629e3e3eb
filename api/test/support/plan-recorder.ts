import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import pg from "pg";

export interface PlanNode {
  "Node Type": string;
  "Relation Name"?: string;
  "Index Name"?: string;
  "Index Cond"?: string;
  "Recheck Cond"?: string;
  "Rows Removed by Filter"?: number;
  "Actual Loops"?: number;
  Plans?: PlanNode[];
}

export interface RecordedPlan {
  statement: string;
  plan: PlanNode;
}

export interface PlanRecorder extends AsyncDisposable {
  /** The database's URL through the recorder. */
  url: string;
  /** The plan of every statement that was executed through it. */
  plans: readonly RecordedPlan[];
}

/** NoticeResponse (PostgreSQL protocol 3.0). */
const notice = "N".charCodeAt(0);

/** Makes PostgreSQL report the plan of each statement of new connections to this database (its module auto_explain). */
async function reportPlans(databaseUrl: string): Promise<void> {
  const name = new URL(databaseUrl).pathname.slice(1);
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  const settings = {
    session_preload_libraries: "auto_explain",
    "auto_explain.log_min_duration": "0",
    "auto_explain.log_format": "json",
    "auto_explain.log_level": "notice",
    "auto_explain.log_analyze": "on",
    "auto_explain.log_timing": "off",
    "auto_explain.log_parameter_max_length": "0",
    client_min_messages: "notice",
  };
  for (const [setting, value] of Object.entries(settings))
    await client.query(`ALTER DATABASE ${name} SET ${setting} = '${value}'`);
  await client.end();
}

/** The message of a NoticeResponse: fields of a type, a text and a zero. */
function readMessage(body: Buffer): string {
  for (const field of body.toString("utf8").split("\0"))
    if (field.startsWith("M")) return field.slice(1);
  return "";
}

function readPlan(message: string): RecordedPlan | null {
  const start = message.indexOf("plan:\n");
  if (!message.startsWith("duration:") || start < 0) return null;
  const { "Query Text": statement, Plan: plan } = JSON.parse(message.slice(start + 6));
  return { statement, plan };
}

/** A proxy in front of PostgreSQL that records the plan of every statement that passes. */
export async function startPlanRecorder(databaseUrl: string): Promise<PlanRecorder> {
  await reportPlans(databaseUrl);
  const target = new URL(databaseUrl);
  const sockets = new Set<Socket>();
  const plans: RecordedPlan[] = [];
  const server = createServer({ noDelay: true }, (client) => {
    const upstream = connect({ port: Number(target.port), host: target.hostname, noDelay: true });
    let pending = Buffer.alloc(0);
    upstream.on("data", (chunk) => {
      pending = Buffer.concat([pending, chunk]);
      while (pending.length >= 5) {
        const end = 1 + pending.readInt32BE(1);
        if (pending.length < end) break;
        const plan = pending[0] === notice ? readPlan(readMessage(pending.subarray(5, end))) : null;
        if (plan) plans.push(plan);
        pending = pending.subarray(end);
      }
    });
    client.pipe(upstream).pipe(client);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", () => socket.destroy());
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const url = new URL(databaseUrl);
  url.port = String(address.port);
  return {
    url: url.href,
    plans,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
