import type { Database, Transaction } from "@gatehouse/prisma";
import type { SealedBox } from "#crypto/sealed-box.ts";
import type { Bus } from "#events/bus.ts";
import type { Changes } from "#events/changes.ts";
import { appendEvent, appendEvents, appendingEvent } from "#events/log.ts";
import { topics } from "#events/topics.ts";
import { createCallRowStore } from "./call-row-store.ts";
import { createClientStore } from "./client-store.ts";
import { openDatabaseClock } from "./database-clock.ts";
import { createElicitationStore } from "./elicitation-store.ts";
import { createExecutionStore, type ExecutionStoreDeps } from "./execution-store.ts";
import { createExecutionWriter } from "./execution-writer.ts";
import { createFlowStore } from "./flow-store.ts";
import { createGrantEnding } from "./grant-ending.ts";
import { createGrantLifecycle } from "./grant-lifecycle.ts";
import { createGrantMove } from "./grant-move.ts";
import { createGrantStore, type StateChange } from "./grant-store.ts";
import { createIssuerRefusalStore } from "./issuer-refusal-store.ts";
import { createIdempotencyStore } from "./idempotency-store.ts";
import { createRegistrationStore } from "./registration-store.ts";
import { createRevocationStore, type RevocationStoreDeps } from "./revocation-store.ts";

import { createServerSecrets } from "./server-secrets.ts";
import { createWebhookStore } from "./webhook-store.ts";

export interface StoresDeps {
  db: Database;
  box: SealedBox;
  bus: Bus;
  changes: Changes;
  newId(): string;
  monotonicMs(): number;
  log(message: string, details: object): void;
}

export type Stores = Awaited<ReturnType<typeof openStores>>;

/** Creates every store, with the events that it appends and the changes that it publishes. Asks the database for its time. */
export async function openStores(deps: StoresDeps) {
  const { db, box, changes, newId } = deps;
  const revocations = createRevocationStore({
    db,
    box,
    newId,
    appendReceipt,
    publish: changes.workspace,
  });
  return {
    ...createGrantStores(deps, revocations),
    ...(await openExecutionStores(deps)),
    revocations,
    registrations: createRegistrationStore({ db, box, revocations }),
    flows: createFlowStore({ db, box, publish: changes.flow }),
    clients: createClientStore({ db, box, newId }),
    issuerRefusals: createIssuerRefusalStore(db),
    secrets: createServerSecrets(box),
    callCaches: createCallRowStore(db),
    webhooks: createWebhookStore({ db, box, newId }),
    appendStateChange,
  };
}

function createGrantStores(
  { db, box, bus, changes, newId }: StoresDeps,
  revocations: ReturnType<typeof createRevocationStore>,
) {
  const shared = {
    db,
    box,
    revocations,
    ending: createGrantEnding({ box, revocations, appendStateChange }),
    appendStateChange,
    publish: changes.grant,
  };
  return {
    grants: createGrantLifecycle({ ...shared, newId }),
    grantMove: createGrantMove(shared),
    grantStore: createGrantStore({
      db,
      box,
      appendStateChange,
      appendingEvent,
      publish: changes.grant,
      async waitForChange(grantId, timeoutMs) {
        using watch = bus.watch(topics.grant(grantId));
        await watch.next(timeoutMs);
      },
    }),
  };
}

async function openExecutionStores({ db, box, changes, newId, monotonicMs, log }: StoresDeps) {
  const clock = await openDatabaseClock(db, monotonicMs);
  const publishExecutions = (change: { executionIds: string[]; workspaceIds: string[] }) => {
    changes.execution(...change.executionIds);
    changes.workspace(...change.workspaceIds);
  };
  return {
    databaseClock: clock,
    publishExecutions,
    executions: createExecutionStore({
      db,
      box,
      clock,
      appendFinished,
      onUnopened: (error) =>
        log("the content of an execution could not be decrypted", {
          error: error instanceof Error ? error.name : "unknown",
        }),
    }),
    executionWriter: createExecutionWriter({
      db,
      box,
      appendFinished,
      publish: publishExecutions,
      log,
    }),
    elicitations: createElicitationStore({
      db,
      box,
      newId,
      appendRequested: (tx, { id, executionId, userId, workspaceId, serverId }) =>
        appendEvent(tx, {
          workspaceId,
          type: "INPUT_REQUESTED",
          actorId: null,
          serverId,
          userId,
          payload: { elicitationId: id, executionId },
        }),
      publish({ id, executionId, workspaceId }, change) {
        changes.elicitation(id);
        changes.execution(executionId);
        if (change === "requested") changes.workspace(workspaceId);
      },
    }),
    idempotency: createIdempotencyStore({ db, box }),
  };
}

/** Appends the event of a grant's new state: for its owner, or for the workspace where its account is shared. */
function appendStateChange(tx: Transaction, change: StateChange): Promise<void> {
  return appendEvent(tx, {
    workspaceId: change.workspaceId,
    type: change.state === "REAUTH_REQUIRED" ? "REAUTH_REQUIRED" : "OAUTH_STATE_CHANGED",
    actorId: change.actorId,
    serverId: change.serverId,
    userId: change.ownerId === change.workspaceId ? null : change.ownerId,
    payload: { previousState: change.previousState, state: change.state, reason: change.reason },
  });
}

const appendReceipt: RevocationStoreDeps["appendReceipt"] = (tx, task, receipt) =>
  appendEvent(tx, {
    workspaceId: task.workspaceId,
    type: "TOKEN_REVOKED",
    actorId: task.actorId,
    serverId: task.serverId,
    userId: task.ownerId === task.workspaceId ? null : task.ownerId,
    payload: { what: task.kind, ...receipt, reason: task.reason },
  });

/** For the user who ran the tool and for admins, because it tells of the account that was used. */
const appendFinished: ExecutionStoreDeps["appendFinished"] = (tx, executions) =>
  appendEvents(
    tx,
    executions.map(({ id, status, startedById, workspaceId, serverId }) => ({
      workspaceId,
      type: "TOOL_EXECUTED",
      actorId: startedById,
      serverId,
      userId: startedById,
      payload: { executionId: id, status },
    })),
  );
