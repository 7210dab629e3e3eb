/** After a fault: every promise that can be looked at from outside, with its number, printed and expected. */
import { expect } from "vitest";
import { parseKeyring } from "#crypto/keyring.ts";
import { createSealedBox } from "#crypto/sealed-box.ts";
import { countKeyUses } from "#storage/key-uses.ts";
import type { Audience } from "./audience.ts";
import type { Account, Cluster } from "./cluster.ts";
import { countReauthEvents, expectOneSendingPerLease } from "./promises.ts";
import type { SteadyLoad } from "./steady-load.ts";

export interface ReportOptions {
  cluster: Cluster;
  account: Account;
  load: SteadyLoad;
  audience: Audience;
  /** How often the access token ran out meanwhile: no more refreshes may have succeeded. */
  expiries: number;
  /** Answers of calls that the fault may cause; `ToolExecuted` may always come. */
  mayAnswer?: readonly string[];
}

/** Ends the load and the subscriptions, and the account by disconnecting it. */
export async function reportPromises(title: string, options: ReportOptions): Promise<void> {
  const { cluster, account, load, audience, expiries, mayAnswer = [] } = options;
  const outcomes = await load.stop();
  const events = await audience.check(title);
  const refreshes = cluster.record.readRefreshes(account);
  const succeeded = refreshes.filter(({ status }) => status === 200);
  const sentAfterUse = countSentAfterUse(refreshes);
  const reauths = await countReauthEvents(cluster, account);
  const answers = Object.groupBy(outcomes, ({ answer }) => answer);
  const failed = outcomes.filter(({ answer }) => answer !== "ToolExecuted").length;
  const leaks = await countLeaks(cluster, account);
  const uses = await countKeyUses(cluster.db);
  const keyIds = new Set(uses.map(({ keyId }) => keyId));
  const known = parseKeyring(cluster.encryptionKeys).ids;
  const keyless = [...keyIds].filter((id) => id === null || !known.includes(id));
  const receipts = await disconnect(cluster, account);

  const kinds = Object.entries(answers).map(([answer, all]) => `${all?.length} ${answer}`);
  console.log(
    [
      title,
      `  calls      ${outcomes.length}: ${kinds.join(", ")}; ${failed} not executed`,
      `  promise 1  ${expiries} expiries, ${refreshes.length} token requests, ${succeeded.length} refreshes, ${sentAfterUse} refresh tokens sent after they were used up`,
      `  promise 2  ${events.subscribers} subscribers, ${events.events} events each: ${events.lost} lost, ${events.doubled} doubled`,
      `  promise 3  ${reauths} REAUTH_REQUIRED events, ${answers["ReauthRequired"]?.length ?? 0} calls answered ReauthRequired`,
      `  promise 4  ${leaks.secrets} tokens looked for in ${leaks.places} log lines and events: ${leaks.found} found`,
      `  promise 6  ${receipts} receipt of a revocation after disconnecting`,
      `  promise 7  sealed values by key: ${[...keyIds].join(", ")}; ${keyless.length} keys missing`,
    ].join("\n"),
  );
  expect(Object.keys(answers).filter((answer) => !mayAnswer.includes(answer))).toEqual([
    "ToolExecuted",
  ]);
  expect(succeeded.length).toBeLessThanOrEqual(expiries);
  expect(sentAfterUse).toBe(0);
  expectOneSendingPerLease(cluster, account);
  expect(reauths).toBe(0);
  expect(leaks.found).toBe(0);
  expect(receipts).toBe(1);
  expect(keyless).toEqual([]);
}

type Refreshes = ReturnType<Cluster["record"]["readRefreshes"]>;

/** Sendings of a refresh token that the authorization server had answered with new tokens before. */
function countSentAfterUse(refreshes: Refreshes): number {
  const used = new Set<string | undefined>();
  let count = 0;
  for (const { refreshTokenMark, status } of refreshes) {
    if (used.has(refreshTokenMark)) count += 1;
    if (status === 200) used.add(refreshTokenMark);
  }
  return count;
}

/** The tokens of now, opened past the API, in what anybody may read. */
async function countLeaks({ db, encryptionKeys, record }: Cluster, { grantId }: Account) {
  const box = createSealedBox(parseKeyring(encryptionKeys));
  const grant = await db.oAuthGrant.findUniqueOrThrow({ where: { id: grantId } });
  const secrets = (["accessToken", "refreshToken"] as const).flatMap((column) => {
    const sealed = grant[column];
    return sealed ? [box.open(sealed, { table: "OAuthGrant", column, rowId: grantId })] : [];
  });
  const events = await db.workspaceEvent.findMany({ select: { payload: true } });
  const places = [...record.logLines, ...events.map(({ payload }) => JSON.stringify(payload))];
  const found = places.filter((text) => secrets.some((secret) => text.includes(secret))).length;
  expect(secrets).toHaveLength(2);
  return { secrets: secrets.length, places: places.length, found };
}

/** How many receipts of tokens come, once the first has come. */
async function disconnect({ ada, db }: Cluster, account: Account): Promise<number> {
  await ada.query("mutation ($id: ID!) { disconnectOAuth(serverId: $id) { id } }", {
    id: account.serverId,
  });
  const count = async () => {
    const receipts = await db.workspaceEvent.findMany({
      where: { serverId: account.serverRowId, type: "TOKEN_REVOKED" },
      select: { payload: true },
    });
    return receipts.filter(({ payload }) => JSON.stringify(payload).includes("TOKENS")).length;
  };
  await expect.poll(count, { timeout: 60_000 }).toBeGreaterThan(0);
  return count();
}
