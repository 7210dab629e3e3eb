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
  /** The size of a response, in bytes. */
  responseBytes: number;
}

export interface YogaDeps {
  db: Database;
  services: Services;
  /** On its user's own machine: whoever reaches it may ask for the schema, signed in or not. */
  isOpen: boolean;
  /** Of one operation, and of one event of a subscription. */
  limits: OperationLimits;
  /** What was masked; the message goes to the log alone. */
  logError(error: unknown, requestId: string | undefined): void;
}

/** A caller's mistake is told with its code; anything else is ours, masked, and found again in the log by its request id. */
function maskError(error: unknown, deps: YogaDeps, requestId?: string): GraphQLError {
  const original = error instanceof GraphQLError ? (error.originalError ?? error) : error;
  const located =
    error instanceof GraphQLError
      ? { nodes: error.nodes, source: error.source, positions: error.positions, path: error.path }
      : {};
  if (original instanceof ServiceError)
    return new GraphQLError(original.message, {
      ...located,
      extensions: { ...original.details, code: original.code },
    });
  if (error instanceof GraphQLError && original instanceof GraphQLError) {
    // The outer message names the variable and the place in it.
    const { http, originalError: _cause, code, ...extensions } = original.extensions;
    return new GraphQLError(error.message, {
      ...located,
      extensions: { ...extensions, ...statusOf(http), code: contractCode(code) },
    });
  }
  if (isMalformedValue(original))
    return new GraphQLError("An id or cursor is not one of ours.", {
      ...located,
      extensions: { code: "BAD_USER_INPUT" },
    });
  deps.logError(original, requestId);
  return new GraphQLError("Something went wrong on our side.", {
    ...located,
    extensions: { code: "INTERNAL_SERVER_ERROR" },
  });
}

/** Parsing, validation and services have codes of the contract; whatever else was refused before execution is bad input. */
function contractCode(code: unknown): unknown {
  const unknownCodes = [undefined, "BAD_REQUEST", "OPERATION_RESOLUTION_FAILURE"];
  return unknownCodes.includes(code as string) ? "BAD_USER_INPUT" : code;
}

/** Yoga's own: the answer's status, without headers that tell of methods we do not take. */
function statusOf(http: unknown): { http?: { status: number } } {
  const status = typeof http === "object" && http !== null && "status" in http ? http.status : null;
  return typeof status === "number" ? { http: { status } } : {};
}

/** Prisma's P2023: a cursor of the right form with a value that is no id. */
function isMalformedValue(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "P2023";
}

/** graphql-js names similar fields, types, arguments and values. */
const suggestion = / Did you mean [^?]*\?$/;

/** Masks where the request is known: every error names it, and the log can be searched by the id that a person quotes. */
function createMask(deps: YogaDeps) {
  return function mask<Result extends { errors?: readonly GraphQLError[] }>(
    result: Result,
    { requestId, viewer }: RequestContext,
  ): Result {
    if (!result.errors) return result;
    const mayReadSchema = deps.isOpen || viewer !== null;
    const errors = result.errors.map((error) => {
      const masked = maskError(error, deps, requestId);
      // Whoever may not read the schema must not be able to guess it, one name after the other.
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
    // What never reached execution: parsing, validation, a body that is no request.
    onResultProcess({ result, setResult, serverContext }) {
      if (!(Symbol.asyncIterator in result) && !Array.isArray(result))
        setResult(mask(result, serverContext));
    },
  };
}

/**
 * Yoga runs queries and mutations. Subscriptions are run by `subscribe`, over WebSocket and server-sent events alike: thousands of them wait
 * at the same time, and each would hold all of Yoga's layers.
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
    // The HTTP server has checked the body's type and the Origin by then.
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
