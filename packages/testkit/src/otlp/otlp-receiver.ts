import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";
import { eventually } from "../eventually.ts";
import { type CollectedSpan, decodeTraces } from "./decode-traces.ts";

/** A collector of OpenTelemetry that keeps what it gets. */
export interface OtlpReceiver {
  /** For the setting `otlp.endpoint`. */
  readonly endpoint: string;
  /** All spans so far, in the order in which they came. */
  readonly spans: readonly CollectedSpan[];
  /** Bodies that came to `/v1/metrics`. */
  readonly metrics: readonly Uint8Array[];
  /** Headers of the last request. */
  readonly headers: Readonly<IncomingMessage["headers"]>;
  /**
   * Resolves with the spans of the first trace that `isComplete` accepts, and of whose spans every parent has come: each
   * process sends its own when it likes.
   */
  trace(what: string, isComplete: (spans: readonly CollectedSpan[]) => boolean): Promise<CollectedSpan[]>;
  /** Resolves with all such traces as soon as there are `count`, each whole and of `size` spans or more. */
  traces(
    what: string,
    count: number,
    isWanted: (spans: readonly CollectedSpan[]) => boolean,
    size: number,
  ): Promise<CollectedSpan[][]>;
  stop(): Promise<void>;
}

/** Opens an OTLP receiver (OTLP over HTTP, protobuf) on a free port of the loopback interface. */
export async function startOtlpReceiver(): Promise<OtlpReceiver> {
  const spans: CollectedSpan[] = [];
  const metrics: Uint8Array[] = [];
  let headers: IncomingMessage["headers"] = {};
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const raw = Buffer.concat(chunks);
    const body = request.headers["content-encoding"] === "gzip" ? gunzipSync(raw) : raw;
    headers = request.headers;
    if (request.method === "POST" && request.url === "/v1/traces") spans.push(...decodeTraces(body));
    else if (request.method === "POST" && request.url === "/v1/metrics") metrics.push(body);
    else {
      response.writeHead(404).end();
      return;
    }
    // An empty response message: everything was accepted.
    response.writeHead(200, { "content-type": "application/x-protobuf" }).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    spans,
    metrics,
    get headers() {
      return headers;
    },
    async trace(what, isComplete) {
      let complete: CollectedSpan[] = [];
      await eventually(what, () => {
        for (const trace of byTrace(spans)) {
          if (!hasAllParents(trace) || !isComplete(trace)) continue;
          complete = trace;
          return true;
        }
        return false;
      });
      return complete;
    },
    async traces(what, count, isWanted, size) {
      let found: CollectedSpan[][] = [];
      await eventually(what, () => {
        found = [...byTrace(spans)].filter(
          (trace) => trace.length >= size && hasAllParents(trace) && isWanted(trace),
        );
        return found.length >= count;
      });
      return found;
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function hasAllParents(spans: readonly CollectedSpan[]): boolean {
  const ids = new Set(spans.map(({ spanId }) => spanId));
  return spans.every(({ parentSpanId }) => parentSpanId === "" || ids.has(parentSpanId));
}

function byTrace(spans: readonly CollectedSpan[]): Iterable<CollectedSpan[]> {
  const traces = new Map<string, CollectedSpan[]>();
  for (const span of spans) {
    const known = traces.get(span.traceId);
    if (known === undefined) traces.set(span.traceId, [span]);
    else known.push(span);
  }
  return traces.values();
}
