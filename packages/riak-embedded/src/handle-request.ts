import type { Logger } from "@rollcall/telemetry";
import {
  bodyAnswer,
  methodNotAllowed,
  methodUnknown,
  notFoundPage,
  textAnswer,
  withoutBody,
} from "./answers.ts";
import type { Backend, ParsedRequest } from "./backend.ts";
import { answerBucketProperties, answerTypeProperties } from "./bucket-resource.ts";
import { EmbeddedRiakError } from "./embedded-riak-error.ts";
import { answerIndex } from "./index-resource.ts";
import { answerBuckets, answerKeys, answerOldBucket } from "./listing-resource.ts";
import { answerNewObject, answerObject } from "./object-resource.ts";
import type { Answer, RiakRequest } from "./riak-message.ts";
import { parseQuery, parseRoute, type Route } from "./route.ts";
import { answerStats } from "./stats-resource.ts";

const METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "PUT", "POST", "DELETE"]);
/** Methods that Riak knows and no path here has. */
const KNOWN_METHODS: ReadonlySet<string> = new Set(["OPTIONS", "TRACE", "CONNECT"]);
const NO_BYTES = new Uint8Array(0);
const NO_PARAMETERS: ReadonlyMap<string, string> = new Map();
const MAX_TIMEOUT_MS = 2_147_483_647;
/** Riak's web server reads the request line into a buffer of 8 KiB. */
const MAX_PATH_BYTES = 8000;
const BYTES = /^[\0-\xff]*$/;

/** Answers one request. Never throws and never rejects. */
export async function answerRequest(backend: Backend, request: RiakRequest, logger: Logger): Promise<Answer> {
  try {
    if (!METHODS.has(request.method)) return unusualMethod(request);
    if (request.path.length > MAX_PATH_BYTES || !BYTES.test(request.path)) return textAnswer(400, "");
    const mark = request.path.indexOf("?");
    const route = parseRoute(mark === -1 ? request.path : request.path.slice(0, mark));
    const query = mark === -1 ? NO_PARAMETERS : parseQuery(request.path.slice(mark + 1));
    const { method, headers, body } = request;
    const bytes = body === undefined ? NO_BYTES : typeof body === "string" ? Buffer.from(body) : body;
    const answer = dispatch(backend, route, { method, headers, query, body: bytes });
    if (method === "GET") return await answer;
    if (method === "HEAD") return withoutBody(await answer);
    return await inTime(answer, request.timeoutMs, query.get("timeout"));
  } catch (error) {
    // A read of a closed database throws an error of lmdb's own.
    if (backend.store.closed) return textAnswer(503, "Error:\n{closed}\n");
    return failureAnswer(error, logger);
  }
}

function dispatch(backend: Backend, route: Route, request: ParsedRequest): Answer | Promise<Answer> {
  const { method } = request;
  const reads = method === "GET" || method === "HEAD";
  switch (route.kind) {
    case "object":
      return answerObject(backend, route, request);
    case "keys": {
      if (method === "POST") return answerNewObject(backend, route, request);
      return reads ? answerKeys(backend, route, request) : methodNotAllowed("GET, HEAD");
    }
    case "old-bucket": {
      if (method === "POST") return answerNewObject(backend, route, request);
      return reads
        ? answerOldBucket(backend, route, request)
        : answerBucketProperties(backend, route, request);
    }
    case "bucket-properties":
      return answerBucketProperties(backend, route, request);
    case "type-properties":
      return answerTypeProperties(backend, route.type, request);
    case "bucket-list":
      return reads ? answerBuckets(backend, route.type, request) : methodNotAllowed("GET, HEAD");
    case "index":
      return reads ? answerIndex(backend, route, request) : methodNotAllowed("GET, HEAD");
    case "link-walk":
      return linkWalk(method, route.query);
    case "ping":
      return reads ? bodyAnswer(200, "text/html", "OK") : methodNotAllowed("GET, HEAD");
    case "stats":
      return reads ? answerStats(backend, request) : methodNotAllowed("GET, HEAD");
    case "unknown":
      return notFoundPage();
  }
}

/** A path beyond a key is a link walk, which this store does not do. */
function linkWalk(method: string, query: readonly string[]): Answer {
  if (method === "PUT" || method === "DELETE") return methodNotAllowed("GET, HEAD, POST");
  return query.every((step) => /^[^,]+,[^,]+,[01_]$/.test(step))
    ? textAnswer(501, "The embedded store does not walk links\n")
    : textAnswer(
        400,
        "Invalid link walk query submitted. Valid link walk query format is: /riak/some_bucket/some_key/<bucket>,<riaktag>,0|1/...\n",
      );
}

function unusualMethod({ method, path }: RiakRequest): Answer {
  if (!KNOWN_METHODS.has(method)) return methodUnknown(method);
  const { kind } = parseRoute(path.split("?", 1)[0]!);
  return methodNotAllowed(kind === "object" ? "HEAD, GET, POST, PUT, DELETE" : "GET, HEAD");
}

/** A write that takes longer is answered 503 and may be made all the same. */
async function inTime(
  answer: Answer | Promise<Answer>,
  timeoutMs: number,
  parameter: string | undefined,
): Promise<Answer> {
  const asked = parameter === undefined ? Number.NaN : Number(parameter);
  const limit = Math.min(asked > 0 ? asked : MAX_TIMEOUT_MS, timeoutMs > 0 ? timeoutMs : MAX_TIMEOUT_MS);
  if (limit === MAX_TIMEOUT_MS) return answer;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Answer>((resolve) => {
    timer = setTimeout(() => resolve(textAnswer(503, "request timed out\n")), limit);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}

function failureAnswer(error: unknown, logger: Logger): Answer {
  if (error instanceof EmbeddedRiakError) return textAnswer(503, `Error:\n{${error.code}}\n`);
  logger.error({ event: "riak-embedded.request-failed", error });
  return textAnswer(500, "Error:\n{internal_error}\n");
}
