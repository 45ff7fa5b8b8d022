import type { Span } from "@rollcall/telemetry";
import type { Bucket, BucketOptions, GetOptions, PutOptions, Quorum } from "./bucket.ts";
import { KeyListing } from "./key-listing.ts";
import { boundaryOf, parseMultipart } from "./multipart.ts";
import { bucketPath, encodePathSegment } from "./object-path.ts";
import { throwFault } from "./response-fault.ts";
import type { RiakCounters } from "./riak-counters.ts";
import { RiakError } from "./riak-error.ts";
import type { Fetched, RiakSibling, Siblings, Stored } from "./riak-object.ts";
import { riakSpan } from "./riak-span.ts";
import type { RiakRequest, RiakResponse, RiakStreamResponse, RiakTransport } from "./riak-transport.ts";
import { addMetaHeaders, metaOf } from "./user-metadata.ts";
import type { ValueCodec } from "./value-codec.ts";

/**
 * On a read Riak offers the object's own type, or for siblings text/plain (bare etags) and multipart/mixed (values).
 * With equal rank it takes text/plain, and a type that it does not have is a 406.
 */
const READ_ACCEPT = "multipart/mixed, */*;q=0.5";
/** On a write it offers the type of the request, and multipart/mixed for siblings in place of anything else. */
const WRITE_ACCEPT = "*/*";

const readHeaders = { accept: READ_ACCEPT };
const siblingHeaders = { accept: "multipart/mixed" };
const deleteHeaders = { accept: WRITE_ACCEPT };
const listHeaders = { accept: "application/json" };

/** Longest silence of a listing: Riak walks the whole store before it can say that a part has no keys. */
const LISTING_TIMEOUT_MS = 60_000;
/** How often siblings are asked for again when they were answered without their values. */
const SIBLING_READS = 3;

export interface BucketParts {
  readonly transport: RiakTransport;
  readonly counters: RiakCounters;
  readonly timeoutMs: number;
  readonly maxValueBytes: number;
}

/** A bucket over Riak's HTTP API (`/buckets/B/keys/K`), whichever way the requests travel. */
export class HttpBucket<T> implements Bucket<T> {
  readonly #transport: RiakTransport;
  readonly #counters: RiakCounters;
  readonly #codec: ValueCodec<T>;
  readonly #name: string;
  readonly #timeoutMs: number;
  readonly #maxValueBytes: number;
  readonly #path: string;
  readonly #readQuery: string;
  readonly #writeQuery: string;
  readonly #deleteQuery: string;

  /** @throws {RiakError} `bad-request` for an empty name. */
  constructor(parts: BucketParts, options: BucketOptions<T>) {
    this.#transport = parts.transport;
    this.#counters = parts.counters;
    this.#codec = options.codec;
    this.#name = options.name;
    this.#timeoutMs = options.timeoutMs ?? parts.timeoutMs;
    this.#maxValueBytes = parts.maxValueBytes;
    this.#path = `${bucketPath(options.name, options.type)}/keys`;
    const { r, pr, w, dw, pw } = options;
    const timeout = this.#timeoutMs;
    this.#readQuery = query({ r, pr, timeout });
    this.#writeQuery = query({ returnbody: "true", w, dw, pw, timeout });
    this.#deleteQuery = query({ r, pr, w, dw, pw, timeout });
  }

  async get(key: string, options?: GetOptions): Promise<Fetched<T>> {
    const beganAt = performance.now();
    const span = riakSpan("GET", this.#name);
    try {
      const etag = options?.ifNoneMatch;
      const headers =
        etag === undefined ? readHeaders : { accept: READ_ACCEPT, "if-none-match": `"${etag}"` };
      const path = this.#keyPath(key) + this.#readQuery;
      const response = await this.#send("GET", path, headers, undefined);
      const fetched = this.#fetched(response) ?? (await this.#readSiblings(path));
      this.#counters[getFields[fetched.kind]]++;
      this.#counters.took("get", beganAt, true, span);
      span?.set({ "db.response.status": fetched.kind });
      return fetched;
    } catch (error) {
      this.#counters.getFailed++;
      this.#counters.took("get", beganAt, false, span);
      throw this.#failed(error, false, span);
    } finally {
      span?.end();
    }
  }

  async put(key: string, value: T, options?: PutOptions): Promise<Stored<T>> {
    let answered = false;
    const beganAt = performance.now();
    const span = riakSpan("PUT", this.#name);
    try {
      const path = this.#keyPath(key);
      const body = this.#encode(value);
      const headers: Record<string, string> = {
        accept: WRITE_ACCEPT,
        "content-type": this.#codec.contentType,
      };
      if (options?.context !== undefined) headers["x-riak-vclock"] = options.context;
      if (options?.meta !== undefined) addMetaHeaders(headers, options.meta);
      const response = await this.#send("PUT", path + this.#writeQuery, headers, body);
      answered = true;
      const stored = await this.#stored(path, body, response);
      if (stored.kind === "stored") this.#counters.putStored++;
      else this.#counters.putSiblings++;
      this.#counters.took("put", beganAt, true, span);
      span?.set({ "db.response.status": stored.kind });
      return stored;
    } catch (error) {
      this.#counters.putFailed++;
      this.#counters.took("put", beganAt, false, span);
      const failure = this.#failed(error, answered, span);
      if (failure.maybeWritten) this.#counters.putUnknown++;
      throw failure;
    } finally {
      span?.end();
    }
  }

  async delete(key: string, context?: string): Promise<"deleted" | "missing"> {
    const beganAt = performance.now();
    const span = riakSpan("DELETE", this.#name);
    try {
      const headers =
        context === undefined ? deleteHeaders : { accept: WRITE_ACCEPT, "x-riak-vclock": context };
      const path = this.#keyPath(key) + this.#deleteQuery;
      const response = await this.#send("DELETE", path, headers, undefined);
      this.#counters.took("delete", beganAt, true, span);
      if (response.status === 404 && response.maybeWritten !== true) {
        this.#counters.deleteMissing++;
        return "missing";
      }
      this.#counters.deleteDeleted++;
      return "deleted";
    } catch (error) {
      this.#counters.deleteFailed++;
      this.#counters.took("delete", beganAt, false, span);
      throw this.#failed(error, false, span);
    } finally {
      span?.end();
    }
  }

  async *keys(): AsyncIterable<string> {
    try {
      const response = await this.#listing();
      const listing = new KeyListing();
      for await (const chunk of response.body) yield* listing.push(chunk);
      listing.end();
      this.#counters.keysListed++;
    } catch (error) {
      this.#counters.keysFailed++;
      throw this.#failed(error, false);
    }
  }

  #keyPath(key: string): string {
    return `${this.#path}/${encodePathSegment(key)}`;
  }

  async #send(
    method: RiakRequest["method"],
    path: string,
    headers: Readonly<Record<string, string>>,
    body: Uint8Array | undefined,
  ): Promise<RiakResponse> {
    const response = await this.#transport.send({ method, path, headers, body, timeoutMs: this.#timeoutMs });
    if (response.status >= 400) throwFault(response, method === "PUT" || method === "DELETE");
    return response;
  }

  async #listing(): Promise<RiakStreamResponse> {
    const request: RiakRequest = {
      method: "GET",
      path: `${this.#path}?keys=stream`,
      headers: listHeaders,
      body: undefined,
      timeoutMs: LISTING_TIMEOUT_MS,
    };
    if (this.#transport.stream !== undefined) {
      const response = await this.#transport.stream(request);
      if (response.status !== 200) await throwStreamFault(response);
      return response;
    }
    const response = await this.#transport.send(request);
    throwFault(response, false);
    const { status, headers, body } = response;
    return { status, headers, body: piece(body) };
  }

  /** `undefined` for siblings that came without their values. */
  #fetched(response: RiakResponse): Fetched<T> | undefined {
    const { status, headers } = response;
    switch (status) {
      case 200:
        // Only a sibling asked for by its etag is a deleted value with a body; nobody here asks for that.
        if (headers["x-riak-deleted"] === "true")
          return { kind: "missing", context: headers["x-riak-vclock"] };
        return {
          kind: "found",
          value: this.#decode(response.body, headers),
          meta: metaOf(headers),
          context: contextOf(headers),
          etag: etagOf(headers),
          lastModified: headers["last-modified"],
          contentType: headers["content-type"] ?? "",
        };
      case 300:
        return this.#siblings(response);
      case 304:
        return { kind: "unchanged" };
      case 404:
        return { kind: "missing", context: headers["x-riak-vclock"] };
      default:
        throw new RiakError("bad-response", `unexpected status ${status}`, { status });
    }
  }

  async #stored(path: string, body: Uint8Array, response: RiakResponse): Promise<Stored<T>> {
    const { status, headers } = response;
    if (status === 200) {
      const context = contextOf(headers);
      const etag = etagOf(headers);
      if (sameBytes(body, response.body)) return { kind: "stored", context, etag };
      // Without allow_mult somebody's later write took this one's place.
      return { kind: "siblings", siblings: [this.#sibling(headers, response.body)], context, etag };
    }
    if (status !== 300) {
      throw new RiakError("bad-response", `unexpected status ${status}`, { status });
    }
    const siblings = this.#siblings(response);
    if (siblings !== undefined) return siblings;
    const fetched = await this.#readSiblings(path + this.#readQuery);
    if (fetched.kind === "siblings") return fetched;
    if (fetched.kind === "found") {
      const { value, meta, context, etag, lastModified } = fetched;
      return {
        kind: "siblings",
        siblings: [{ value, deleted: false, meta, etag, lastModified }],
        context,
        etag,
      };
    }
    throw new RiakError("bad-response", "the written value is gone");
  }

  #siblings(response: RiakResponse): Siblings<T> | undefined {
    const { headers } = response;
    const boundary = boundaryOf(headers["content-type"] ?? "");
    if (boundary === undefined) return undefined;
    const siblings = parseMultipart(response.body, boundary).map((part) =>
      this.#sibling(part.headers, part.body),
    );
    const etag = headers.etag === undefined ? undefined : etagOf(headers);
    return { kind: "siblings", siblings, context: contextOf(headers), etag };
  }

  /** Something on the way took our Accept header: ask for the values with the narrowest one that Riak takes. */
  async #readSiblings(path: string): Promise<Fetched<T>> {
    for (let attempt = 0; attempt < SIBLING_READS; attempt++) {
      const response = await this.#transport.send({
        method: "GET",
        path,
        headers: attempt % 2 === 0 ? siblingHeaders : readHeaders,
        body: undefined,
        timeoutMs: this.#timeoutMs,
      });
      // 406: no longer siblings.
      if (response.status === 406) continue;
      if (response.status >= 400) throwFault(response, false);
      const fetched = this.#fetched(response);
      if (fetched !== undefined) return fetched;
    }
    throw new RiakError("bad-response", "siblings without their values");
  }

  #sibling(headers: Readonly<Record<string, string>>, body: Uint8Array): RiakSibling<T> {
    const deleted = headers["x-riak-deleted"] === "true";
    return {
      value: deleted ? undefined : this.#decode(body, headers),
      deleted,
      meta: metaOf(headers),
      etag: etagOf(headers),
      lastModified: headers["last-modified"],
    };
  }

  #decode(body: Uint8Array, headers: Readonly<Record<string, string>>): T {
    if (headers["content-encoding"] !== undefined && headers["content-encoding"] !== "identity") {
      throw new RiakError("bad-value", "stored with a content encoding");
    }
    try {
      return this.#codec.decode(body, headers["content-type"] ?? "");
    } catch (cause) {
      throw new RiakError("bad-value", "the stored value cannot be decoded", { cause });
    }
  }

  #encode(value: T): Uint8Array {
    let encoded: Uint8Array | string;
    try {
      encoded = this.#codec.encode(value);
    } catch (cause) {
      throw new RiakError("bad-value", "the value cannot be encoded", { cause });
    }
    const bytes = typeof encoded === "string" ? Buffer.from(encoded) : encoded;
    if (bytes.byteLength > this.#maxValueBytes) {
      throw new RiakError("too-large", `value of ${bytes.byteLength} bytes, limit ${this.#maxValueBytes}`);
    }
    return bytes;
  }

  /** Counts it and names the bucket. `written`: it went wrong after Riak had answered a write. */
  #failed(error: unknown, written: boolean, span?: Span): RiakError {
    const known =
      error instanceof RiakError
        ? error
        : new RiakError("bad-response", "unexpected failure", { cause: error });
    this.#counters.countFailure(known.code);
    span?.fail(known.code);
    const { code, message, cause, status } = known;
    const maybeWritten = known.maybeWritten || written;
    return new RiakError(code, message, { cause, maybeWritten, status, bucket: this.#name });
  }
}

const getFields = {
  found: "getFound",
  missing: "getMissing",
  unchanged: "getUnchanged",
  siblings: "getSiblings",
} as const satisfies Record<Fetched<unknown>["kind"], keyof RiakCounters>;

async function throwStreamFault(response: RiakStreamResponse): Promise<never> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > 64_000) break;
  }
  const { status, headers } = response;
  throwFault({ status, headers, body: Buffer.concat(chunks) }, false);
  throw new RiakError("bad-response", `unexpected status ${status}`, { status });
}

async function* piece(body: Uint8Array): AsyncIterable<Uint8Array> {
  yield body;
}

function query(parameters: Readonly<Record<string, Quorum | "true" | undefined>>): string {
  const parts: string[] = [];
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined) parts.push(`${name}=${value}`);
  }
  return `?${parts.join("&")}`;
}

function sameBytes(one: Uint8Array, other: Uint8Array): boolean {
  return one === other || (one.byteLength === other.byteLength && Buffer.compare(one, other) === 0);
}

function contextOf(headers: Readonly<Record<string, string>>): string {
  const context = headers["x-riak-vclock"];
  if (context === undefined) throw new RiakError("bad-response", "object without a vclock");
  return context;
}

/** Quoted in a response, unquoted in a part of a multipart body. */
function etagOf(headers: Readonly<Record<string, string>>): string {
  const etag = headers.etag ?? "";
  return etag.startsWith('"') ? etag.slice(1, -1) : etag;
}
