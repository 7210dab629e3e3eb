import type { Database } from "@gatehouse/prisma";
import { GraphQLError } from "graphql";
import { createYoga, type Plugin } from "graphql-yoga";
import { ServiceError } from "#services/access/service-error.ts";
import type { Services } from "./services.ts";
import {
  type Context,
  createContext,
  createSharedContext,
  type RequestContext,
} from "./context.ts";
import { createAdmission } from "./budget/admission.ts";
import {
  admissionLimits,
  mostLoadedBytes,
  mostOccupiedBytes,
  mostOccupiedBytesPerCaller,
} from "./budget/budget-limits.ts";
import { limitOperations } from "./budget/limit-operations.ts";
import { limitOutboundFields } from "./budget/outbound-fields.ts";
import { createOperationBudget } from "./budget/operation-budget.ts";
import { createProcessMemory } from "./budget/process-memory.ts";
import { createSharedResults } from "./live/shared-results.ts";
import { createSubscriber } from "./live/subscriber.ts";
import { limitDocuments } from "./document-limits.ts";
import { refuseIntrospection } from "./introspection.ts";
import { schema } from "./schema.ts";

export interface OperationLimits {
  /** How long a read may take, in milliseconds. */
  deadlineMs: number;
  /** The maximum size of a response, in bytes. */
  responseBytes: number;
}

export interface YogaDeps {
  db: Database;
  services: Services;
  /** True for a local installation, where anonymous callers may also read the schema. */
  isOpen: boolean;
  /** The limits of one operation, and of one event of a subscription. */
  limits: OperationLimits;
  /** Called with each masked error. The message is only written to the log. */
  logError(error: unknown, requestId: string | undefined): void;
}

/**
 * Errors that the caller caused are returned with their code. All other errors are masked, and can
 * be found in the log by their request id.
 */
function maskError(error: unknown, deps: YogaDeps, requestId?: string): GraphQLError {
  const original = error instanceof GraphQLError ? (error.originalError ?? error) : error;
  const located =
    error instanceof GraphQLError
      ? { nodes: error.nodes, source: error.source, positions: error.positions, path: error.path }
      : {};
  if (original instanceof ServiceError)
    return new GraphQLError(original.message, {
      ...located,
      extensions: { ...original.details, ...waitHeaders(original), code: original.code },
    });
  if (error instanceof GraphQLError && original instanceof GraphQLError) {
    // The outer message names the variable and the path in it.
    const { http, originalError: _cause, code, ...extensions } = original.extensions;
    return new GraphQLError(error.message, {
      ...located,
      extensions: { ...extensions, ...keepHttp(http), code: contractCode(code) },
    });
  }
  if (isMalformedValue(original))
    return new GraphQLError("An id or cursor is not one of ours.", {
      ...located,
      extensions: { code: "BAD_USER_INPUT" },
    });
  deps.logError(original, requestId);
  return new GraphQLError("An internal error occurred.", {
    ...located,
    extensions: { code: "INTERNAL_SERVER_ERROR" },
  });
}

/**
 * `Retry-After` (RFC 9110 §10.2.3) and `RateLimit` (draft-ietf-httpapi-ratelimit-headers), in whole seconds. Yoga sends them over HTTP and
 * removes them from the error (regressions Q18).
 */
function waitHeaders({ details }: ServiceError): { http?: HttpExtension } {
  const waitMs = details["retryAfterMs"];
  if (typeof waitMs !== "number") return {};
  const seconds = String(Math.max(1, Math.ceil(waitMs / 1_000)));
  return { http: { headers: { "Retry-After": seconds, RateLimit: `"default";r=0;t=${seconds}` } } };
}

/**
 * Parsing, validation and services use codes of the contract. Any other rejection before execution
 * is bad input.
 */
function contractCode(code: unknown): unknown {
  const unknownCodes = [undefined, "BAD_REQUEST", "OPERATION_RESOLUTION_FAILURE"];
  return unknownCodes.includes(code as string) ? "BAD_USER_INPUT" : code;
}

interface HttpExtension {
  status?: number;
  headers?: Record<string, string>;
}

/** Yoga's status of the response, without its headers that list methods which are not supported here. */
function keepHttp(http: unknown): { http?: HttpExtension } {
  if (typeof http !== "object" || http === null) return {};
  const { status, headers } = http as HttpExtension;
  const kept: HttpExtension = {};
  if (typeof status === "number") kept.status = status;
  if (headers?.["Retry-After"] !== undefined) kept.headers = headers;
  return Object.keys(kept).length > 0 ? { http: kept } : {};
}

/** Prisma's P2023: a cursor of the correct form whose value is not an id. */
function isMalformedValue(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "P2023";
}

/** graphql-js suggests similar fields, types, arguments and values. */
const suggestion = / Did you mean [^?]*\?$/;

/**
 * Masks errors where the request is known: every error contains the request id, and users can quote
 * it to find the log entry.
 */
function createMask(deps: YogaDeps) {
  return function mask<Result extends { errors?: readonly GraphQLError[] }>(
    result: Result,
    { requestId, viewer }: RequestContext,
  ): Result {
    if (!result.errors) return result;
    const mayReadSchema = deps.isOpen || viewer !== null;
    const errors = result.errors.map((error) => {
      const masked = maskError(error, deps, requestId);
      // Callers who may not read the schema must not be able to guess its names one by one.
      if (!mayReadSchema) masked.message = masked.message.replace(suggestion, "");
      return Object.assign(masked, { extensions: { ...masked.extensions, requestId } });
    });
    return { ...result, errors };
  };
}

function createErrorPlugin(deps: YogaDeps): Plugin<RequestContext, RequestContext> {
  const mask = createMask(deps);
  return {
    onExecute: ({ args }) => ({
      onExecuteDone: ({ result, setResult }) => {
        if (!(Symbol.asyncIterator in result)) setResult(mask(result, args.contextValue));
      },
    }),
    onSubscribe: ({ args }) => ({
      onSubscribeResult: ({ result, setResult }) => {
        if (!(Symbol.asyncIterator in result)) setResult(mask(result, args.contextValue));
        return { onNext: (next) => next.setResult(mask(next.result, args.contextValue)) };
      },
    }),
    // Handles errors before execution: of parsing, of validation, or of a body that is not a valid
    // request.
    onResultProcess({ result, setResult, serverContext }) {
      if (!(Symbol.asyncIterator in result) && !Array.isArray(result))
        setResult(mask(result, serverContext));
    },
  };
}

/**
 * Yoga runs queries and mutations. `subscribe` runs subscriptions over WebSocket and server-sent
 * events: thousands of them wait at the same time, and each would keep all of Yoga's layers in
 * memory.
 */
export function createGraphQL(deps: YogaDeps) {
  const memory = createProcessMemory(mostOccupiedBytes, mostOccupiedBytesPerCaller);
  const budgetLimits = { ...deps.limits, loadedBytes: mostLoadedBytes };
  const createBudget = (callerId: string) =>
    createOperationBudget(budgetLimits, memory.forCaller(callerId));
  const ofContexts = { ...deps, createBudget };
  const yoga = createYoga<RequestContext, Context>({
    schema,
    graphqlEndpoint: "/graphql",
    context: (initial) => createContext(ofContexts, initial),
    maskedErrors: { maskError: (error) => maskError(error, deps) },
    plugins: [
      createErrorPlugin(deps),
      limitOperations(createAdmission(admissionLimits)),
      limitDocuments(),
      limitOutboundFields(),
      ...(deps.isOpen ? [] : [refuseIntrospection()]),
    ],
    // The HTTP server has already checked the content type and the Origin.
    batching: false,
    graphiql: false,
    landingPage: false,
    cors: false,
    logging: false,
    healthCheckEndpoint: "/graphql/health",
    multipart: false,
  });
  const subscribe = createSubscriber<RequestContext, Context>({
    schema,
    shared: createSharedResults({
      schema,
      createContext: () =>
        createSharedContext(deps.db, createOperationBudget(budgetLimits, memory)),
      clock: { monotonicMs: () => performance.now() },
    }),
    createContext: (request) => createContext(ofContexts, request),
    mask: createMask(deps),
  });
  const { getEnveloped, getResultForParams } = yoga;
  return {
    fetch: (request: Request, context: RequestContext) => yoga.fetch(request, context),
    getEnveloped,
    getResultForParams,
    subscribe,
  };
}
