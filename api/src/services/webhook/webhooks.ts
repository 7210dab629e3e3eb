import { NIL } from "uuid";
import { isDeepStrictEqual } from "node:util";
import type {
  Database,
  Prisma,
  Transaction,
  WebhookDelivery,
  WebhookEndpoint,
  WorkspaceEventType,
} from "@gatehouse/prisma";
import type { LoggedEvent, NewEvent } from "#events/log.ts";
import { giveUpTypes } from "./webhook-losses.ts";
import type { WebhookStore } from "#storage/webhook-store.ts";
import {
  type Access,
  type Caller,
  requireCaller,
  rolesAllowed,
  visibleTo,
} from "../access/access.ts";
import { InputFaults, notFound, ServiceError } from "../access/service-error.ts";
import type { Quotas } from "#config/limits.ts";
import { requireQuota } from "../access/quotas.ts";
import type { SendWebhook, SentWebhook, WebhookMessage } from "./webhook-sender.ts";

export interface CreateWebhookInput {
  workspaceId: string;
  url: string;
  /** Null: every type. */
  types: WorkspaceEventType[] | null;
}

export interface UpdateWebhookInput {
  id: string;
  url?: string | null | undefined;
  /** Null: every type; absent: as it is. */
  types?: WorkspaceEventType[] | null | undefined;
  /** True enables an endpoint again that was disabled because its receiver responded with 410. */
  enabled?: boolean | null | undefined;
}

export interface CreatedWebhook {
  endpoint: WebhookEndpoint;
  signingSecret: string;
}

/** The webhook endpoints of a workspace. Each method requires the ADMIN role. */
export interface Webhooks {
  create(caller: Caller | null, input: CreateWebhookInput): Promise<CreatedWebhook>;
  update(caller: Caller | null, input: UpdateWebhookInput): Promise<WebhookEndpoint>;
  delete(caller: Caller | null, id: string): Promise<void>;
  /** Messages are also signed with the old secret for one day. */
  rotateSecret(caller: Caller | null, id: string): Promise<CreatedWebhook>;
  /** Sends a message of type TEST immediately. */
  test(caller: Caller | null, id: string): Promise<WebhookDelivery>;
  /**
   * Sends an event again immediately. Only a success changes the state and the schedule of its
   * delivery.
   */
  resend(caller: Caller | null, deliveryId: string): Promise<WebhookDelivery>;
}

export interface WebhooksDeps {
  db: Database;
  quotas: Pick<Quotas, "webhookEndpointsPerWorkspace">;
  access: Access;
  store: WebhookStore;
  send: SendWebhook;
  describe(event: LoggedEvent): Promise<WebhookMessage> | WebhookMessage;
  findUrlFault(url: string): { message: string } | null;
  makeSecret(): string;
  newId(): string;
  /** Called after a change that can make deliveries due. */
  kick(workspaceId: string): void;
  /** Must be the last statement of the transaction that makes the change. */
  appendEvent(tx: Transaction, event: NewEvent): Promise<void>;
}

interface WebhookChange {
  change: "CREATED" | "UPDATED" | "SECRET_ROTATED" | "DELETED";
  /** The names of the changed settings. */
  fields?: string[];
}

const overlapMs = 24 * 3_600_000;
const attemptDeadlineMs = 30_000;

/**
 * The Prisma condition for the endpoints that a caller may see: those of workspaces that they
 * administer.
 */
export function webhooksVisibleTo(caller: Caller | null) {
  const userId = caller?.userId ?? NIL;
  const administered = {
    memberships: { some: { userId, role: { in: rolesAllowed("administer") } } },
  };
  return {
    workspace: { AND: [visibleTo(caller), administered] },
  } satisfies Prisma.WebhookEndpointWhereInput;
}

export function createWebhooks(deps: WebhooksDeps): Webhooks {
  const { db, access, store } = deps;

  function checkUrl(faults: InputFaults, url: string): void {
    const fault =
      url.length > 2_048
        ? { message: "A URL can have at most 2,048 characters." }
        : deps.findUrlFault(url);
    if (fault) faults.add("url", fault.message);
  }

  function checkTypes(faults: InputFaults, types: WorkspaceEventType[] | null | undefined): void {
    if (types?.length === 0) faults.add("types", "Enter at least one type, or null for all types.");
  }

  async function require(caller: Caller | null, id: string): Promise<WebhookEndpoint> {
    // Callers who are not signed in are rejected first. Callers who are not members cannot tell
    // whether the endpoint exists.
    const endpoint = await db.webhookEndpoint.findFirst({
      where: { id, workspace: visibleTo(requireCaller(caller)) },
    });
    if (!endpoint) throw notFound("webhook endpoint");
    await access.requireWorkspace(caller, endpoint.workspaceId, "administer");
    return endpoint;
  }

  const tell = (
    tx: Transaction,
    { id, workspaceId }: WebhookEndpoint,
    caller: Caller | null,
    change: WebhookChange,
  ): Promise<void> =>
    deps.appendEvent(tx, {
      workspaceId,
      type: "WEBHOOK_ENDPOINT_CHANGED",
      actorId: requireCaller(caller).userId,
      serverId: null,
      userId: null,
      payload: { webhookEndpointId: id, ...change },
    });

  async function sendNow(endpoint: WebhookEndpoint, message: WebhookMessage): Promise<SentWebhook> {
    const secrets = await store.readSecrets(endpoint.id);
    const signal = AbortSignal.timeout(attemptDeadlineMs);
    return deps.send({ url: endpoint.url, secrets }, message, signal);
  }

  return {
    async create(caller, input) {
      await access.requireWorkspace(caller, input.workspaceId, "administer");
      const faults = new InputFaults();
      checkUrl(faults, input.url);
      checkTypes(faults, input.types);
      faults.throwIfAny();
      const { workspaceId } = input;
      const { webhookEndpointsPerWorkspace: limit } = deps.quotas;
      const signingSecret = deps.makeSecret();
      const endpoint = await db.$transaction(async (tx) => {
        await requireQuota(
          tx,
          { quota: "webhookEndpointsPerWorkspace", limit, ownerId: workspaceId },
          () => tx.webhookEndpoint.count({ where: { workspaceId } }),
          `This workspace has ${limit} webhook endpoints, which is the limit. Delete one that is no longer needed.`,
        );
        const created = await store.create(tx, {
          workspaceId,
          url: input.url,
          types: input.types ?? [],
          secret: signingSecret,
        });
        await tell(tx, created, caller, { change: "CREATED" });
        // An endpoint is not sent the event of its own creation.
        await store.beginAtHead(tx, created.id);
        return created;
      });
      deps.kick(workspaceId);
      return { endpoint, signingSecret };
    },

    async update(caller, { id, url, types, enabled }) {
      const endpoint = await require(caller, id);
      const faults = new InputFaults();
      if (url != null) checkUrl(faults, url);
      checkTypes(faults, types);
      faults.throwIfAny();
      const updated = await db.$transaction(async (tx) => {
        await tx.$queryRaw`SELECT 1 FROM "WebhookEndpoint" WHERE "id" = ${id}::uuid FOR UPDATE`;
        if (types) await giveUpTypes(tx, id, types);
        const row = await tx.webhookEndpoint.update({
          where: { id },
          data: {
            url: url ?? undefined,
            types: types === undefined ? undefined : (types ?? []),
            // With a new URL, or after being enabled again, the next attempt does not wait because
            // of earlier failures.
            ...(url != null || enabled ? { failures: 0, nextAttemptAt: null } : {}),
            ...(enabled == null ? {} : { disabledAt: enabled ? null : new Date() }),
          },
        });
        const fields = [
          ...(row.url === endpoint.url ? [] : ["url"]),
          ...(isDeepStrictEqual(row.types, endpoint.types) ? [] : ["types"]),
          ...((row.disabledAt === null) === (endpoint.disabledAt === null) ? [] : ["enabled"]),
        ];
        if (fields.length > 0) await tell(tx, row, caller, { change: "UPDATED", fields });
        return row;
      });
      deps.kick(endpoint.workspaceId);
      return updated;
    },

    async delete(caller, id) {
      const endpoint = await require(caller, id);
      await db.$transaction(async (tx) => {
        const { count } = await tx.webhookEndpoint.deleteMany({ where: { id } });
        if (count > 0) await tell(tx, endpoint, caller, { change: "DELETED" });
      });
      deps.kick(endpoint.workspaceId);
    },

    async rotateSecret(caller, id) {
      await require(caller, id);
      const signingSecret = deps.makeSecret();
      const endpoint = await db.$transaction(async (tx) => {
        await store.rotateSecret(tx, id, signingSecret, overlapMs);
        const row = await tx.webhookEndpoint.findUniqueOrThrow({ where: { id } });
        await tell(tx, row, caller, { change: "SECRET_ROTATED" });
        return row;
      });
      deps.kick(endpoint.workspaceId);
      return { endpoint, signingSecret };
    },

    async test(caller, id) {
      const endpoint = await require(caller, id);
      const message: WebhookMessage = {
        id: deps.newId(),
        type: "TEST",
        occurredAt: new Date(),
        data: {},
      };
      const sent = await sendNow(endpoint, message);
      const { id: eventId, occurredAt } = message;
      const state = sent.ok ? "DELIVERED" : "GIVEN_UP";
      return store.record(id, { id: eventId, type: null, occurredAt }, sent, state, null);
    },

    async resend(caller, deliveryId) {
      const delivery = await db.webhookDelivery.findUnique({ where: { id: deliveryId } });
      const endpoint = await require(caller, delivery?.endpointId ?? NIL);
      const event =
        delivery && (await db.workspaceEvent.findUnique({ where: { id: delivery.eventId } }));
      if (!delivery || !event)
        throw new ServiceError("CONFLICT", "The event is no longer in the log.");
      const sent = await sendNow(endpoint, await deps.describe(event));
      return store.recordResend(delivery.id, sent);
    },
  };
}
