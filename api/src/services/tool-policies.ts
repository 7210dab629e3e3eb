import type { Database, ToolPolicyKind, Transaction } from "@gatehouse/prisma";
import type { NewEvent } from "../events/log.ts";
import type { Tool } from "../mcp/catalog.ts";
import { type Access, type Caller, ownerOf } from "./access.ts";
import { InputFaults, notFound, ServiceError } from "./errors.ts";
import { lockServer } from "./lock-server.ts";
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
   * Decides about a tool, seen or not; null takes the decision back, and its annotations count again. An approval stays.
   * @throws ServiceError BAD_USER_INPUT, NOT_FOUND, FORBIDDEN below ADMIN
   */
  decide(
    caller: Caller | null,
    input: { serverId: string; toolName: string; kind: ToolPolicyKind | null },
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
  /** After the commit: every process forgets what it remembers of the server's policies. */
  publishServer(serverId: string): void;
  /** After a commit that changed what subscribers see. */
  publishWorkspace(workspaceId: string): void;
}

/** Longer names are in no list (mcp/mend.ts). */
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
    deps.publishServer(server.id);
    deps.publishWorkspace(server.workspaceId);
  }

  return {
    async decide(maybeCaller, { serverId, toolName, kind }) {
      const { caller, server } = await access.requireServer(maybeCaller, serverId, "administer");
      const faults = new InputFaults();
      if (toolName === "" || toolName.length > longestName || !isStorable(toolName))
        faults.add("toolName", "A tool's name, as the server lists it.");
      faults.throwIfAny();
      const where = { serverId_toolName: { serverId, toolName } };
      await change(caller, server, async (tx) => {
        const stored = await tx.toolPolicy.findUnique({ where });
        if ((stored?.kind ?? null) === kind) return null;
        if (stored && kind === null && !stored.approvedFingerprint)
          await tx.toolPolicy.delete({ where });
        else
          await tx.toolPolicy.upsert({
            where,
            create: { serverId, toolName, kind },
            update: { kind },
          });
        return { toolName, change: "DECIDED", kind };
      });
    },

    async approve(maybeCaller, { serverId, toolName, fingerprint }) {
      const { caller, server } = await access.requireServer(maybeCaller, serverId, "administer");
      const ownerId = ownerOf(server, caller);
      const where = { serverId_toolName: { serverId, toolName } };
      await change(caller, server, async (tx) => {
        const catalog = await tx.toolCatalog.findUnique({
          where: { serverId_ownerId: { serverId, ownerId } },
        });
        // As `services/catalogs.ts` stored them.
        const tools = (catalog?.tools ?? []) as unknown as Tool[];
        const tool = tools.find(({ name }) => name === toolName);
        if (!tool) throw notFound("tool");
        const seen = fingerprintTool(tool);
        if (fingerprint !== null && fingerprint !== seen.toString("hex"))
          throw new ServiceError(
            "CONFLICT",
            `${tool.title ?? tool.name} has changed meanwhile. Look at it again.`,
          );
        const stored = await tx.toolPolicy.findUnique({ where });
        if (stored?.approvedFingerprint && seen.equals(stored.approvedFingerprint)) return null;
        const approval = {
          approvedFingerprint: new Uint8Array(seen),
          approvedAt: new Date(),
          approvedById: caller.userId,
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

/** PostgreSQL stores neither NUL nor half a character. */
function isStorable(text: string): boolean {
  return !text.includes("\0") && text.isWellFormed();
}
