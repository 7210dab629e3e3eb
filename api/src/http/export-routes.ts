import type { ToolExecutionStatus, WorkspaceEventType } from "@gatehouse/prisma";
import { Hono } from "hono";
import { z } from "zod";

import { encodeGlobalId, readIdOrNobody } from "#graphql/global-id.ts";
import { ServiceError } from "#services/access/service-error.ts";
import type { Export, Exports } from "#services/event/exports.ts";
import type { ConnectionLimit } from "./connection-limit.ts";
import type { HttpEnvironment } from "./environment.ts";
import { answerError, type EdgeErrorCode } from "./errors.ts";
import { exportFormats, type ExportFormatName } from "./export-format.ts";
import { streamExport } from "./export-stream.ts";
import type { RequestGuard } from "./request-guard.ts";
import type { ViewerResolver } from "./viewer.ts";
import type { Viewer } from "./viewer-identity.ts";

export interface ExportRoutesDeps {
  exports: Exports;
  viewers: ViewerResolver;
  guard: RequestGuard;
  streamLimit: ConnectionLimit;
}

const eventTypes = [
  "OAUTH_STATE_CHANGED",
  "REAUTH_REQUIRED",
  "TOKEN_REFRESHED",
  "TOKEN_REVOKED",
  "SERVER_CREATED",
  "SERVER_UPDATED",
  "SERVER_DELETED",
  "TOOLS_CHANGED",
  "TOOL_EXECUTED",
  "INPUT_REQUESTED",
  "TOOL_POLICY_CHANGED",
  "MEMBER_CHANGED",
  "API_TOKEN_CHANGED",
  "WORKSPACE_CHANGED",
  "INVITATION_CHANGED",
  "WEBHOOK_ENDPOINT_CHANGED",
] as WorkspaceEventType[];
const statuses = [
  "RUNNING",
  "WAITING_FOR_INPUT",
  "SUCCEEDED",
  "FAILED",
  "CANCELLED",
  "TIMED_OUT",
  "REAUTH_REQUIRED",
  "INTERRUPTED",
] as ToolExecutionStatus[];

/** An estimate: a place becomes available when another stream ends. */
const RETRY_AFTER_MS = 5_000;

/** A comma-separated list, such as `A,B`. */
const listOf = <Name extends string>(names: readonly Name[]) =>
  z
    .string()
    .transform((text) => text.split(","))
    .pipe(z.array(z.enum(names as readonly [Name, ...Name[]])))
    .optional();

const common = { workspaceId: z.string().optional(), serverId: z.string().optional() };
const eventQuery = z.strictObject({
  ...common,
  types: listOf(eventTypes),
  onlyMine: z.enum(["true", "false"]).optional(),
});
const runQuery = z.strictObject({
  ...common,
  status: listOf(statuses),
  toolName: z.string().optional(),
});

/**
 * `/export/events.csv`, `/export/events.json`, `/export/runs.csv`, `/export/runs.json`: the lists
 * as files, newest first, with the filters of the lists as query parameters (`types` and `status`
 * accept several values, separated by commas). `workspaceId` can be omitted with an API token. If
 * an export fails, the connection is aborted, so that an incomplete file is not mistaken for a
 * complete one.
 */
export function createExportRoutes(deps: ExportRoutesDeps): Hono<HttpEnvironment> {
  const routes = new Hono<HttpEnvironment>();
  routes.get("/export/:file{(events|runs)\\.(csv|json)}", async (c) => {
    const { requestId } = c.var;
    const { headers } = c.req.raw;
    const refuse = (status: number, code: EdgeErrorCode, message: string) =>
      answerError({ status, code, message, requestId });
    const sent = { origin: headers.get("origin"), fetchSite: headers.get("sec-fetch-site") };
    // All ports of localhost are the same site, so cookies are also sent from pages of other
    // applications.
    if (headers.has("cookie") && !deps.guard.isOriginAllowed(sent))
      return refuse(
        403,
        "FORBIDDEN",
        "This request comes from a page that is not part of Gatehouse.",
      );
    const viewer = await deps.viewers.resolveViewer(headers, (cookie) =>
      c.header("Set-Cookie", cookie, { append: true }),
    );
    if (!viewer) return refuse(401, "UNAUTHENTICATED", "Sign in first.");
    const [list, format] = c.req.param("file").split(".") as ["events" | "runs", ExportFormatName];
    let found: Export;
    try {
      found = await open(deps.exports, viewer, list, new URL(c.req.url).searchParams);
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      return refuse(...describeRefusal(error));
    }
    // A body that is never read would never free its place.
    if (c.req.method === "HEAD") return c.body(null);
    const giveBack = deps.streamLimit.take(viewer.userId);
    if (!giveBack) {
      return answerError({
        status: 429,
        code: "RATE_LIMITED",
        message: "Too many streams are open.",
        requestId,
        retryAfterMs: RETRY_AFTER_MS,
      });
    }
    let unwatch = () => {};
    const { body, abort } = streamExport(found, exportFormats[format], () => {
      giveBack();
      unwatch();
    });
    unwatch = deps.viewers.watch(viewer, () =>
      abort(new Error("the session or API token has ended")),
    );
    const day = new Date().toISOString().slice(0, 10);
    c.header("Content-Type", exportFormats[format].contentType);
    c.header("Content-Disposition", `attachment; filename="gatehouse-${list}-${day}.${format}"`);
    c.header("Cache-Control", "no-store");
    return c.body(body);
  });
  return routes;
}

/** @throws ServiceError like the lists */
async function open(
  exports: Exports,
  viewer: Viewer,
  list: "events" | "runs",
  params: URLSearchParams,
): Promise<Export> {
  const raw = Object.fromEntries(params);
  const workspaceOf = (id: string | undefined) =>
    readIdOrNobody(id ?? encodeOwn(viewer), "Workspace");
  const serverOf = (id: string | undefined) =>
    id === undefined ? null : readIdOrNobody(id, "McpServer");
  if (list === "events") {
    const query = parse(eventQuery, raw);
    return exports.readEvents(viewer, workspaceOf(query.workspaceId), {
      types: query.types ?? null,
      serverId: serverOf(query.serverId),
      onlyMine: query.onlyMine === "true",
    });
  }
  const query = parse(runQuery, raw);
  return exports.readRuns(viewer, workspaceOf(query.workspaceId), {
    status: query.status ?? null,
    serverId: serverOf(query.serverId),
    toolName: query.toolName ?? null,
  });
}

/** An API token is limited to one workspace. */
function encodeOwn({ apiToken }: Viewer): string {
  if (!apiToken) throw new ServiceError("BAD_USER_INPUT", "Specify workspaceId.");
  return encodeGlobalId("Workspace", apiToken.workspaceId);
}

function parse<Shape>(schema: z.ZodType<Shape>, raw: Record<string, string>): Shape {
  const { success, data, error } = schema.safeParse(raw);
  if (success) return data;
  const messages = error.issues.map(({ path, message }) => `${path.join(".")} ${message}`.trim());
  throw new ServiceError("BAD_USER_INPUT", `The query is invalid: ${messages.join("; ")}.`);
}

const refusals = { UNAUTHENTICATED: 401, FORBIDDEN: 403, NOT_FOUND: 404, BAD_USER_INPUT: 400 };

function describeRefusal({ code, message }: ServiceError): [number, EdgeErrorCode, string] {
  if (!(code in refusals)) return [400, "BAD_USER_INPUT", message];
  const known = code as keyof typeof refusals;
  return [refusals[known], known, message];
}
