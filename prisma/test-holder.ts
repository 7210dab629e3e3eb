/** A process of its own for tests: takes a data folder's lock, starts its server, says so and stays until it is killed. */
import { describeHolder, takeDataDirLock } from "./data-dir-lock.ts";
import { startEmbeddedPostgres } from "./embedded-postgres.ts";

const [dataDir = "", url = ""] = process.argv.slice(2);
const answer = takeDataDirLock(dataDir);
if (answer.kind === "held") {
  console.log(JSON.stringify({ refused: describeHolder(dataDir, answer.holder) }));
} else {
  const server = url === "" ? null : await startEmbeddedPostgres({ dataDir, durability: "none" });
  answer.lock.announce("http://localhost:4999");
  console.log(JSON.stringify({ pid: process.pid, url: server?.url ?? null }));
  setInterval(() => {}, 60_000);
}
