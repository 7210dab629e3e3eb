import type { Changes } from "#events/changes.ts";
import type { Database, ToolPolicyKind, Transaction } from "@gatehouse/prisma";
import type { NewEvent } from "#events/log.ts";
import type { Tool } from "#mcp/calls/catalog.ts";
import { type Access, type Caller, ownerOf } from "../access/access.ts";
import { InputFaults, notFound, ServiceError } from "../access/service-error.ts";
import { lockServer } from "../server/server-lock.ts";
import type { CatalogAccount } from "./stored-catalogs.ts";
import { fingerprintTool } from "./tool-policy.ts";

/** What became of what was decided about a tool; `kind` is what stands decided from now on, null: nothing. */
export interface ToolPolicyChange extends Record<string, string | null> {
  toolName: string;
  change: "DECIDED" | "APPROVED";
  kind: ToolPolicyKind | null;
}

/** What a workspace decides about the tools of its servers. Whoever runs tools is held to it, people and API tokens alike. */
export interface ToolPolicies {
  /**
   * Decides about a tool, and records its definition as the caller's account sees it; ALLOW approves that definition too. Null takes the
   * decision back, and its annotations count again. An approval stays.
   * @param input `fingerprint` is of what the person has looked at, in hexadecimal; null: whatever it is by now
   * @throws ServiceError BAD_USER_INPUT also for ALLOW for a tool that the account does not see, NOT_FOUND, FORBIDDEN below ADMIN, CONFLICT
   * for a tool that has changed meanwhile
   */
  decide(
    caller: Caller | null,
    input: {
      serverId: string;
      toolName: string;
      kind: ToolPolicyKind | null;
      fingerprint: string | null;
    },
  ): Promise<void>;
  /**
   * Remembers a tool as the caller's account sees it now: should it ever declare anything else, it is flagged and asks again.
   * @param input `fingerprint` is of what the person has looked at, in hexadecimal; null: whatever it is by now
   * @throws ServiceError NOT_FOUND also for a tool that the account does not see, CONFLICT for one that has changed meanwhile
   */
  approve(
    caller: Caller | null,
    input: { serverId: string; toolName: string; fingerprint: string | null },
  ): Promise<void>;
}

export interface ToolPoliciesDeps {
  db: Database;
  access: Access;
  /** The last statement of the transaction that makes the change. */
  appendEvent(tx: Transaction, event: NewEvent): Promise<void>;
  changes: Pick<Changes, "server" | "workspace">;
}

/** Longer names are in no list (mcp/repair/normalize-result.ts). */
const longestName = 256;

export function createToolPolicies(deps: ToolPoliciesDeps): ToolPolicies {
  const { db, access } = deps;

  /** One change of one server at a time, so that whoever changes nothing is not told of. */
  async function change(
    caller: Caller,
    server: { id: string; workspaceId: string },
    write: (tx: Transaction) => Promise<ToolPolicyChange | null>,
  ): Promise<void> {
    const isChanged = await db.$transaction(async (tx) => {
      if ((await lockServer(tx, server.id)) === null) throw notFound("server");
      const payload = await write(tx);
      if (!payload) return false;
      await deps.appendEvent(tx, {
        workspaceId: server.workspaceId,
        type: "TOOL_POLICY_CHANGED",
        actorId: caller.userId,
        serverId: server.id,
        userId: null,
        payload,
      });
      return true;
    });
    if (!isChanged) return;
    deps.changes.server(server.id);
    deps.changes.workspace(server.workspaceId);
  }

  return {
    async decide(maybeCaller, { serverId, toolName, kind, fingerprint }) {
      const { caller, server } = await access.requireServer(maybeCaller, serverId, "administer");
      const faults = new InputFaults();
      if (toolName === "" || toolName.length > longestName || !isStorable(toolName))
        faults.add("toolName", "A tool's name, as the server lists it.");
      faults.throwIfAny();
      const ownerId = ownerOf(server, caller);
      const where = { serverId_toolName: { serverId, toolName } };
      await change(caller, server, async (tx) => {
        const tool = kind && (await findTool(tx, { serverId, ownerId }, toolName));
        if (kind === "ALLOW" && !tool) {
          faults.add("toolName", notListed);
          faults.throwIfAny();
        }
        const seen = tool ? requireUnchanged(tool, fingerprint) : null;
        const stored = await tx.toolPolicy.findUnique({ where });
        const isSame =
          isRecorded(seen, stored?.decidedFingerprint) &&
          (kind !== "ALLOW" || isRecorded(seen, stored?.approvedFingerprint));
        if ((stored?.kind ?? null) === kind && isSame) return null;
        const decision = {
          kind,
          decidedFingerprint: seen,
          ...(kind === "ALLOW" && seen && describeApproval(seen, caller)),
        };
        if (stored && kind === null && !stored.approvedFingerprint)
          await tx.toolPolicy.delete({ where });
        else
          await tx.toolPolicy.upsert({
            where,
            create: { serverId, toolName, ...decision },
            update: decision,
          });
        return { toolName, change: "DECIDED", kind };
      });
    },

    async approve(maybeCaller, { serverId, toolName, fingerprint }) {
      const { caller, server } = await access.requireServer(maybeCaller, serverId, "administer");
      const ownerId = ownerOf(server, caller);
      const where = { serverId_toolName: { serverId, toolName } };
      await change(caller, server, async (tx) => {
        const tool = await findTool(tx, { serverId, ownerId }, toolName);
        if (!tool) throw notFound("tool");
        const seen = requireUnchanged(tool, fingerprint);
        const stored = await tx.toolPolicy.findUnique({ where });
        if (isRecorded(seen, stored?.approvedFingerprint)) return null;
        const approval = {
          ...describeApproval(seen, caller),
          // What stands decided holds for the tool as it is now.
          ...(stored?.kind && { decidedFingerprint: seen }),
        };
        await tx.toolPolicy.upsert({
          where,
          create: { serverId, toolName, ...approval },
          update: approval,
        });
        return { toolName, change: "APPROVED", kind: stored?.kind ?? null };
      });
    },
  };
}

const notListed =
  "The server does not list this tool, so its definition cannot be recorded. Allow it once it is listed.";

/** A tool as an account sees it. */
async function findTool(
  tx: Transaction,
  serverId_ownerId: CatalogAccount,
  toolName: string,
): Promise<Tool | null> {
  const catalog = await tx.toolCatalog.findUnique({ where: { serverId_ownerId } });
  // As `services/catalog/catalogs.ts` stored them.
  const tools = (catalog?.tools ?? []) as unknown as Tool[];
  return tools.find(({ name }) => name === toolName) ?? null;
}

/** @returns the tool's fingerprint; throws CONFLICT when it is not the one that was looked at */
function requireUnchanged(tool: Tool, lookedAt: string | null): Uint8Array<ArrayBuffer> {
  const seen = fingerprintTool(tool);
  if (lookedAt !== null && lookedAt !== seen.toString("hex"))
    throw new ServiceError(
      "CONFLICT",
      `${tool.title ?? tool.name} has changed meanwhile. Look at it again.`,
    );
  return new Uint8Array(seen);
}

function isRecorded(seen: Uint8Array | null, recorded: Uint8Array | null | undefined): boolean {
  if (!seen || !recorded) return !seen && !recorded;
  return Buffer.from(seen).equals(recorded);
}

function describeApproval(seen: Uint8Array<ArrayBuffer>, { userId }: Caller) {
  return { approvedFingerprint: seen, approvedAt: new Date(), approvedById: userId };
}

/** PostgreSQL stores neither NUL nor half a character. */
function isStorable(text: string): boolean {
  return !text.includes("\0") && text.isWellFormed();
}
