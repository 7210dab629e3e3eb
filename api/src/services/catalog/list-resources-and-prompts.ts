import type { McpServer } from "@gatehouse/prisma";
import { readCapabilities } from "#mcp/calls/capabilities.ts";
import type { Failure } from "#mcp/connection/classify-error.ts";
import type { Listing } from "#mcp/calls/pages.ts";
import { listPrompts } from "#mcp/calls/prompts.ts";
import { listResources, listResourceTemplates } from "#mcp/calls/resources.ts";
import type { Session } from "#mcp/connection/session.ts";
import type { LearntOffers } from "./stored-catalogs.ts";
import type { OpenToolSession } from "../session/mcp-sessions.ts";
import { describeFailure } from "../grant/refusal.ts";

/**
 * Requests, for one account, the lists other than tools that the server declares. A list that is
 * not available is reported in the notes and does not affect the others.
 */
export async function askForOffers(
  openSession: OpenToolSession,
  target: { server: McpServer; ownerId: string; timeoutMs: number; signal: AbortSignal },
): Promise<{ kind: "offers"; learnt: LearntOffers } | Failure> {
  const { signal } = target;
  return openSession(target, async (session) => {
    const answer = await readCapabilities(session, signal);
    if (answer.kind !== "capabilities") return answer;
    const { capabilities } = answer;
    const ask = <Item>(
      isThere: boolean,
      list: (session: Session, signal: AbortSignal) => Promise<Listing<Item> | Failure>,
    ) => (isThere ? list(session, signal) : none);
    const [resources, resourceTemplates, prompts] = await Promise.all([
      ask(capabilities.resources, listResources),
      ask(capabilities.resources, listResourceTemplates),
      ask(capabilities.prompts, listPrompts),
    ]);
    const lists = { resources, resourceTemplates, prompts };
    const answers = Object.values(lists);
    const failures = answers.filter((list) => list.kind !== "listed");
    // A failure that applies to all lists fails the whole request, so that a lost session is replaced.
    // It also fails if none of the requested lists is available.
    const asked = answers.filter((list) => list !== none);
    const failure = failures.find(isOfAll) ?? (failures.length === asked.length && failures[0]);
    if (failure) return failure;
    return {
      kind: "offers",
      learnt: {
        resources: itemsOf(resources),
        resourceTemplates: itemsOf(resourceTemplates),
        prompts: itemsOf(prompts),
        notes: Object.entries(lists).flatMap(([member, list]) => notesOf(member, list)),
        ttlMs: shortest(answers.map((list) => (list.kind === "listed" ? list.ttlMs : null))),
      },
    };
  });
}

const none: Listing<never> = {
  kind: "listed",
  items: [],
  isTruncated: false,
  notes: [],
  ttlMs: null,
};

function isOfAll(failure: Failure): boolean {
  if (failure.kind === "unreachable") return failure.sessionLost === true;
  return failure.kind === "refused" || failure.kind === "cancelled";
}

function itemsOf<Item>(list: Listing<Item> | Failure): Item[] | null {
  return list.kind === "listed" ? list.items : null;
}

const names: Record<string, string> = {
  resources: "resources",
  resourceTemplates: "resource templates",
  prompts: "prompts",
};

function notesOf(member: string, list: Listing<unknown> | Failure): string[] {
  const name = names[member] ?? member;
  if (list.kind !== "listed")
    return [`The ${name} could not be listed. ${describeFailure(list)}`.toWellFormed()];
  return list.isTruncated || list.notes.length > 0
    ? list.notes.map((note) => `Of the ${name}: ${note}`)
    : [];
}

function shortest(ttls: (number | null)[]): number | null {
  const given = ttls.filter((ttlMs) => ttlMs !== null);
  return given.length > 0 ? Math.min(...given) : null;
}
