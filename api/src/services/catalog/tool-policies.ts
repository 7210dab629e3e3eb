import type { Changes } from "#events/changes.ts";
import type { Database, ToolPolicyKind, Transaction } from "@gatehouse/prisma";
import type { NewEvent } from "#events/log.ts";
import type { Tool } from "#mcp/calls/catalog.ts";
import { type Access, type Caller, ownerOf } from "../access/access.ts";
import { InputFaults, notFound, ServiceError } from "../access/service-error.ts";
import { lockServer } from "../server/server-lock.ts";
import type { CatalogAccount } from "./stored-catalogs.ts";
import { fingerprintTool } from "./tool-policy.ts";

/** A change of the decision about a tool; `kind` is the new decision, null: none. */
export interface ToolPolicyChange extends Record<string, string | null> {
  toolName: string;
  change: "DECIDED" | "APPROVED";
  kind: ToolPolicyKind | null;
}

/**
 * The decisions of a workspace about the tools of its servers. They apply to users and API tokens
 * alike.
 */
export interface ToolPolicies {
  /**
   * Decides about a tool and records its definition as listed for the caller's account; ALLOW also
   * approves that definition. Null removes the decision, so that the tool's annotations apply
   * again. An approval is kept.
   * @param input `fingerprint` identifies the definition that the user has viewed, in hexadecimal;
   * null: the current one
   * @throws ServiceError BAD_USER_INPUT also for ALLOW for a tool that is not listed for the
   * account, NOT_FOUND, FORBIDDEN below ADMIN, CONFLICT if the tool has changed in the meantime
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
   * Records the current definition of a tool as listed for the caller's account. If the definition
   * changes, the tool is flagged and requires confirmation again.
   * @param input `fingerprint` identifies the definition that the user has viewed, in hexadecimal;
   * null: the current one
   * @throws ServiceError NOT_FOUND also for a tool that is not listed for the account, CONFLICT if
   * it has changed in the meantime
   */
  approve(
    caller: Caller | null,
    input: { serverId: string; toolName: string; fingerprint: string | null },
  ): Promise<void>;
}

export interface ToolPoliciesDeps {
  db: Database;
  access: Access;
  /** Must be the last statement of the transaction that makes the change. */
  appendEvent(tx: Transaction, event: NewEvent): Promise<void>;
  changes: Pick<Changes, "server" | "workspace">;
}

/** Lists contain no longer names (mcp/repair/normalize-result.ts). */
const longestName = 256;

export function createToolPolicies(deps: ToolPoliciesDeps): ToolPolicies {
  const { db, access } = deps;

  /** Serializes the changes of one server, so that a change without effect appends no event. */
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
        faults.add("toolName", "Enter the name of a tool that the server lists.");
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
          // The decision applies to the current definition of the tool.
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

/** Finds a tool as listed for an account. */
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

/**
 * @returns the fingerprint of the tool
 * @throws ServiceError CONFLICT if it is not the one that the user has viewed
 */
function requireUnchanged(tool: Tool, lookedAt: string | null): Uint8Array<ArrayBuffer> {
  const seen = fingerprintTool(tool);
  if (lookedAt !== null && lookedAt !== seen.toString("hex"))
    throw new ServiceError("CONFLICT", `${tool.title ?? tool.name} has changed. Review it again.`);
  return new Uint8Array(seen);
}

function isRecorded(seen: Uint8Array | null, recorded: Uint8Array | null | undefined): boolean {
  if (!seen || !recorded) return !seen && !recorded;
  return Buffer.from(seen).equals(recorded);
}

function describeApproval(seen: Uint8Array<ArrayBuffer>, { userId }: Caller) {
  return { approvedFingerprint: seen, approvedAt: new Date(), approvedById: userId };
}

/** PostgreSQL cannot store NUL or lone surrogates. */
function isStorable(text: string): boolean {
  return !text.includes("\0") && text.isWellFormed();
}
