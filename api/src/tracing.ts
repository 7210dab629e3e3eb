/** Traces from a GraphQL request to the MCP server's answer, by OpenTelemetry. Where none is wanted, nothing of this is loaded. */
import { AsyncLocalStorage } from "node:async_hooks";
import {
  type Attributes,
  type Context,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { resourceFromAttributes } from "@opentelemetry/resources";
import {
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  TracerProvider,
} from "@opentelemetry/sdk-trace";

export interface Tracing {
  /** Runs `task` in a span of its own, below the caller's of `traceparent` (W3C Trace Context §3.2) if there is a good one. */
  request<T>(
    facts: { traceparent: string | null; requestId: string },
    task: () => Promise<T>,
  ): Promise<T>;
  /** Runs `task` in a span below the one that is running. `describe` tells of what came of it; only names, numbers and codes. */
  within<T>(name: string, task: () => Promise<T>, describe: (result: T) => Attributes): Promise<T>;
  /** The same, with each of its requests below the span that is running, and told so to the server. Without one: as it was. */
  propagate(fetch: Fetch): Fetch;
  /** Sends what has not been sent, for some seconds at most. */
  close(): Promise<void>;
}

type Fetch = (input: string | URL, init?: RequestInit) => Promise<Response>;

export interface TracingOptions {
  /** Of the collector, as OTEL_EXPORTER_OTLP_ENDPOINT has it: spans go to `/v1/traces` below it. */
  endpoint: string;
  version: string;
  /** How long spans wait for each other, in milliseconds. */
  delayMs?: number;
}

const exportTimeoutMs = 5_000;
const traceparentForm = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

/** Headers for the collector come from OTEL_EXPORTER_OTLP_HEADERS, which the exporter reads itself. */
export function createTracing({ endpoint, version, delayMs = 2_000 }: TracingOptions): Tracing {
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ "service.name": "gatehouse", "service.version": version }),
    sampler: new ParentBasedSampler({ root: new AlwaysOnSampler() }),
    spanProcessors: [
      new BatchSpanProcessor({
        exporter: new OTLPTraceExporter({
          url: `${endpoint.replace(/\/+$/, "")}/v1/traces`,
          timeoutMillis: exportTimeoutMs,
        }),
        scheduledDelayMillis: delayMs,
        exportTimeoutMillis: exportTimeoutMs,
      }),
    ],
  });
  const tracer = provider.getTracer("gatehouse", version);
  // Of our own, not OpenTelemetry's global one: two apps in one process do not share it.
  const running = new AsyncLocalStorage<Context>();

  async function run<T>(
    span: Span,
    parent: Context,
    task: () => Promise<T>,
    describe: (result: T) => Attributes,
  ): Promise<T> {
    try {
      const result = await running.run(trace.setSpan(parent, span), task);
      span.setAttributes(describe(result));
      return result;
    } catch (error) {
      // Not its message: it may quote what a server said.
      span.setStatus({ code: SpanStatusCode.ERROR });
      span.setAttribute("error.type", error instanceof Error ? error.name : "unknown");
      throw error;
    } finally {
      span.end();
    }
  }

  return {
    request({ traceparent, requestId }, task) {
      const parent = readTraceparent(traceparent);
      const attributes = { "gatehouse.request_id": requestId };
      const span = tracer.startSpan("graphql", { kind: SpanKind.SERVER, attributes }, parent);
      return run(span, parent, task, () => ({}));
    },
    within(name, task, describe) {
      const parent = running.getStore();
      if (!parent) return task();
      return run(tracer.startSpan(name, {}, parent), parent, task, describe);
    },
    propagate: (fetch) => (input, init) => {
      const parent = running.getStore();
      if (!parent) return fetch(input, init);
      const method = init?.method ?? "GET";
      const attributes = {
        "http.request.method": method,
        // Never the path, which may hold a secret.
        "server.address": new URL(input).host,
      };
      const span = tracer.startSpan(`MCP ${method}`, { kind: SpanKind.CLIENT, attributes }, parent);
      const headers = new Headers(init?.headers);
      headers.set("traceparent", writeTraceparent(span));
      return run(
        span,
        parent,
        () => fetch(input, { ...init, headers }),
        ({ status }) => ({ "http.response.status_code": status }),
      );
    },
    close: () => provider.shutdown().catch(() => {}),
  };
}

function readTraceparent(header: string | null): Context {
  const [, traceId, spanId, flags] = traceparentForm.exec(header ?? "") ?? [];
  if (!traceId || !spanId || !flags || /^0+$/.test(traceId) || /^0+$/.test(spanId))
    return ROOT_CONTEXT;
  const traceFlags = Number.parseInt(flags, 16) & 1;
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags, isRemote: true });
}

function writeTraceparent(span: Span): string {
  const { traceId, spanId, traceFlags } = span.spanContext();
  return `00-${traceId}-${spanId}-0${traceFlags & 1}`;
}
