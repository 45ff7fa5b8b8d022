import {
  crashPage,
  emptyAnswer,
  errorPage,
  notFoundPage,
  objectNotFound,
  textAnswer,
  unknownBucketType,
  VARY_BOTH,
  VARY_ENCODING,
} from "./answers.ts";
import type { Backend, ParsedRequest } from "./backend.ts";
import { randomBase62 } from "./base62.ts";
import { type BucketProperties, conflictPolicy } from "./bucket-properties.ts";
import { chooseMediaType, isMediaType, mediaTypeOf } from "./media-types.ts";
import { type ObjectLocation, siblingsAnswer, siblingsTag, valueAnswer } from "./object-answer.ts";
import { parseMetadata } from "./object-metadata.ts";
import { checkPreconditions, type Validators } from "./preconditions.ts";
import { impossibleQuorum, malformedParameter, missingConfirmations } from "./quorum-parameters.ts";
import type { Answer } from "./riak-message.ts";
import { encodeSegment, type UrlStyle } from "./route.ts";
import { applyWrite, type ConflictPolicy, isTombstone, newestDot, type Sibling } from "./siblings.ts";
import { type BucketName, bucketPrefix, MAX_BUCKET_BYTES, objectStoreKey } from "./store-keys.ts";
import { type Dot, decodeVclock, encodeVclock } from "./vclock.ts";

const KEY_LENGTH = 27;
const TAG_LENGTH = 22;
const NO_BYTES = new Uint8Array(0);
const NO_META: Readonly<Record<string, string>> = {};
/** Riak's default `max_siblings`. */
const MAX_SIBLINGS = 100;

/** A bucket, in the words of the request. */
export interface BucketRoute extends BucketName {
  readonly style: UrlStyle;
}

export interface ObjectRoute extends BucketRoute {
  readonly key: string;
}

/** GET, HEAD, PUT, POST and DELETE of an object. */
export function answerObject(
  backend: Backend,
  route: ObjectRoute,
  request: ParsedRequest,
): Answer | Promise<Answer> {
  const { properties, refusal } = propertiesOf(backend, route, request);
  if (properties === undefined) return refusal;
  const policy = conflictPolicy(properties);
  switch (request.method) {
    case "GET":
    case "HEAD":
      return (
        impossibleQuorum(request.query, properties, undefined) ?? getObject(backend, route, request, policy)
      );
    case "PUT":
    case "POST":
      return storeObject(backend, route, request, properties);
    case "DELETE":
      return deleteObject(backend, route, request, policy);
  }
}

/** POST to a bucket: an object whose key is made up here. */
export async function answerNewObject(
  backend: Backend,
  route: BucketRoute,
  request: ParsedRequest,
): Promise<Answer> {
  const { properties, refusal } = propertiesOf(backend, route, request);
  if (properties === undefined) return refusal;
  const key = randomBase62(KEY_LENGTH);
  const answer = await storeObject(backend, { ...route, key }, request, properties);
  if (answer.status !== 204 && answer.status !== 200) return answer;
  answer.headers.location = locationOf(route, key);
  if (answer.status === 204) answer.headers["content-length"] = "0";
  return { ...answer, status: 201 };
}

/** The bucket's properties, or the refusal of a request that makes no sense whatever the method. */
function propertiesOf(
  backend: Backend,
  route: BucketRoute,
  { query }: ParsedRequest,
): { properties: BucketProperties; refusal?: never } | { properties?: never; refusal: Answer } {
  if (route.bucket.length > MAX_BUCKET_BYTES) return { refusal: textAnswer(400, "Bucket name too long\n") };
  const malformed = malformedParameter(query);
  if (malformed !== undefined) return { refusal: malformed };
  const properties = backend.properties.ofBucket(route);
  return properties === undefined ? { refusal: unknownBucketType(route.type) } : { properties };
}

function getObject(
  { store, counters }: Backend,
  route: ObjectRoute,
  { headers, query }: ParsedRequest,
  policy: ConflictPolicy,
): Answer {
  counters.gets++;
  const confirmations = missingConfirmations(query);
  if (confirmations !== undefined) {
    return textAnswer(500, `Error:\n{insufficient_nodes,1,need,${confirmations}}\n`);
  }
  const stored = store.read(objectStoreKey(bucketPrefix(route), route.key).storeKey);
  if (stored === undefined) return objectNotFound();
  const context = newestDot(stored);
  const siblings = visibleSiblings(stored, policy);
  if (isTombstone(siblings)) {
    return objectNotFound({ "x-riak-vclock": encodeVclock(store.id, context), "x-riak-deleted": "true" });
  }
  const location: ObjectLocation = { storeId: store.id, style: route.style, bucket: route.bucket };
  const vtag = query.get("vtag");
  const only =
    vtag !== undefined && siblings.length > 1
      ? siblings.find((sibling) => sibling.vtag === vtag)
      : siblings.length === 1
        ? siblings[0]
        : undefined;
  if (vtag !== undefined && only === undefined) return notFoundPage({ vary: VARY_BOTH });
  const offers = only === undefined ? SIBLING_OFFERS : [mediaTypeOf(only.contentType)];
  const mediaType = chooseMediaType(headers.accept, offers);
  if (mediaType === undefined) return errorPage(406);
  const refusal = checkPreconditions(
    only === undefined ? validatorsOf(store.id, siblings) : validatorsOf(store.id, [only]),
    headers,
    true,
    store.now(),
  );
  if (refusal !== undefined) return refusal;
  return only === undefined
    ? siblingsAnswer(location, siblings, mediaType, VARY_BOTH)
    : valueAnswer(location, only, context, true);
}

/** On a read `text/plain` comes first, on a write `multipart/mixed` does. */
const SIBLING_OFFERS = ["text/plain", "multipart/mixed"] as const;
const WRITE_SIBLING_OFFERS = ["multipart/mixed", "text/plain"] as const;

async function storeObject(
  backend: Backend,
  route: ObjectRoute,
  { method, headers, query, body }: ParsedRequest,
  properties: BucketProperties,
): Promise<Answer> {
  const { store, counters } = backend;
  const policy = conflictPolicy(properties);
  const contentType = headers["content-type"]?.trim();
  if (contentType === undefined || contentType === "") {
    return textAnswer(400, "Missing Content-Type request header");
  }
  const impossible = impossibleQuorum(query, properties, contentType);
  if (impossible !== undefined) return impossible;
  const metadata = parseMetadata(headers);
  if ("status" in metadata) return metadata;
  // The only type on offer is the request's own, whatever is stored and whether or not a body is asked for.
  if (chooseMediaType(headers.accept, [mediaTypeOf(contentType)]) === undefined) return errorPage(406);
  if (!isMediaType(contentType)) {
    return textAnswer(415, `"${contentType}" is not a valid media type for the Content-type header.\n`, {
      vary: VARY_ENCODING,
    });
  }
  const context = contextOf(store.id, headers);
  if (context === undefined) return crashPage("data_error");
  if (body.length > backend.maxObjectBytes) return tooLarge(body.length);
  const returnBody = query.get("returnbody") === "true";
  counters.puts++;
  const outcome = await store.update<Answer | readonly Sibling[]>(
    route,
    route.key,
    body.length,
    (current, { now, dot }) => {
      const visible = current === undefined ? undefined : visibleSiblings(current, policy);
      const refusal =
        checkPreconditions(liveValidators(store.id, visible), headers, false, now) ??
        (method === "PUT" ? checkNotModified(store.id, headers, current) : undefined);
      if (refusal !== undefined) return { siblings: undefined, result: refusal };
      const write: Sibling = {
        dot,
        vtag: randomBase62(TAG_LENGTH),
        lastModified: now,
        contentType,
        contentEncoding: headers["content-encoding"],
        ...metadata,
        deleted: false,
        body,
      };
      const siblings = applyWrite(current ?? [], write, context, policy);
      const excess = oversized(siblings, backend.maxObjectBytes);
      if (excess !== undefined) return { siblings: undefined, result: excess };
      return { siblings, result: returnBody ? siblings.map(keepBody) : [] };
    },
  );
  if ("status" in outcome) return outcome;
  const confirmations = missingConfirmations(query);
  if (confirmations !== undefined) {
    const unmet = textAnswer(503, `node_confirms-value unsatisfied: 1/${confirmations}\n`);
    unmet.headers["content-type"] = contentType;
    return unmet;
  }
  return returnBody
    ? writtenAnswer({ storeId: store.id, ...route }, outcome, headers.accept)
    : emptyAnswer(204, { vary: VARY_ENCODING, "content-type": contentType });
}

function writtenAnswer(
  location: ObjectLocation,
  siblings: readonly Sibling[],
  accept: string | undefined,
): Answer {
  if (siblings.length === 1) return valueAnswer(location, siblings[0]!, siblings[0]!.dot, false);
  const mediaType = chooseMediaType(accept, WRITE_SIBLING_OFFERS) ?? "text/plain";
  return siblingsAnswer(location, siblings, mediaType, VARY_ENCODING);
}

async function deleteObject(
  { store, counters }: Backend,
  route: ObjectRoute,
  { headers }: ParsedRequest,
  policy: ConflictPolicy,
): Promise<Answer> {
  const context = headers["x-riak-vclock"] === undefined ? Infinity : contextOf(store.id, headers);
  if (context === undefined) return crashPage("data_error");
  counters.deletes++;
  return store.update(route, route.key, 0, (current, { now, dot }) => {
    const visible = current === undefined ? undefined : visibleSiblings(current, policy);
    const validators = liveValidators(store.id, visible);
    const refusal = checkPreconditions(validators, headers, false, now);
    if (refusal !== undefined) return { siblings: undefined, result: refusal };
    if (current === undefined || validators === undefined) {
      return { siblings: undefined, result: objectNotFound({ vary: VARY_ENCODING }) };
    }
    const tombstone: Sibling = {
      dot,
      vtag: randomBase62(TAG_LENGTH),
      lastModified: now,
      contentType: "application/octet-stream",
      contentEncoding: undefined,
      meta: NO_META,
      indexes: [],
      links: [],
      deleted: true,
      body: NO_BYTES,
    };
    const result = emptyAnswer(204, { vary: VARY_ENCODING, "content-type": "text/html" });
    return { siblings: applyWrite(current, tombstone, context, policy), result };
  });
}

/** 409 where the object is not the one that `X-Riak-If-Not-Modified` saw. A malformed value is no condition, as in Riak. */
function checkNotModified(
  storeId: Uint8Array,
  headers: Readonly<Record<string, string>>,
  current: readonly Sibling[] | undefined,
): Answer | undefined {
  const expected = headers["x-riak-if-not-modified"];
  if (expected === undefined) return undefined;
  const seen = decodeVclock(storeId, expected);
  if (seen === undefined) return undefined;
  const matches = current !== undefined && !isTombstone(current) && newestDot(current) === seen;
  return matches ? undefined : errorPage(409, { vary: VARY_ENCODING });
}

/** What the writer has seen; `undefined` for a malformed context. */
function contextOf(storeId: Uint8Array, headers: Readonly<Record<string, string>>): Dot | undefined {
  const text = headers["x-riak-vclock"];
  return text === undefined ? 0 : decodeVclock(storeId, text);
}

/** Siblings from a time when the bucket allowed them show as their youngest. */
function visibleSiblings(siblings: readonly Sibling[], policy: ConflictPolicy): readonly Sibling[] {
  if (siblings.length === 1 || policy !== "last-write") return siblings;
  return [
    siblings.reduce((youngest, sibling) =>
      sibling.lastModified >= youngest.lastModified ? sibling : youngest,
    ),
  ];
}

function validatorsOf(storeId: Uint8Array, siblings: readonly Sibling[]): Validators {
  const [first] = siblings;
  if (siblings.length === 1 && first !== undefined) {
    return { etag: first.vtag, lastModified: first.lastModified, vary: VARY_ENCODING };
  }
  const lastModified = Math.max(...siblings.map((sibling) => sibling.lastModified));
  return { etag: siblingsTag(storeId, siblings), lastModified, vary: VARY_BOTH };
}

function liveValidators(
  storeId: Uint8Array,
  siblings: readonly Sibling[] | undefined,
): Validators | undefined {
  return siblings === undefined || isTombstone(siblings) ? undefined : validatorsOf(storeId, siblings);
}

/** The sibling with a body of its own, good after the transaction. */
function keepBody(sibling: Sibling): Sibling {
  return { ...sibling, body: Buffer.from(sibling.body) };
}

function locationOf({ style, type, bucket }: BucketRoute, key: string): string {
  const name = encodeSegment(bucket);
  switch (style) {
    case "old":
      return `/riak/${name}/${key}`;
    case "new":
      return `/buckets/${name}/keys/${key}`;
    case "typed":
      return `/types/${encodeSegment(type)}/buckets/${name}/keys/${key}`;
  }
}

/** A value that would make too large an object of all its siblings. */
function oversized(siblings: readonly Sibling[], maxBytes: number): Answer | undefined {
  if (siblings.length === 1) return undefined;
  if (siblings.length > MAX_SIBLINGS) {
    return textAnswer(500, `Error:\n{too_many_siblings,${siblings.length}}\n`, { vary: VARY_ENCODING });
  }
  const bytes = siblings.reduce((sum, { body }) => sum + body.length, 0);
  return bytes > maxBytes ? tooLarge(bytes) : undefined;
}

/** What Riak says to an object over its `max_object_size`. */
export function tooLarge(bytes: number): Answer {
  return textAnswer(500, `Error:\n{too_large,${bytes}}\n`, { vary: VARY_ENCODING });
}
