import { crashPage, errorPage, jsonAnswer, notFoundPage, textAnswer, VARY_ENCODING } from "./answers.ts";
import type { Backend, ParsedRequest } from "./backend.ts";
import { decodeByteString } from "./byte-string.ts";
import { chooseMediaType } from "./media-types.ts";
import type { ObjectStore } from "./object-store.ts";
import type { Answer } from "./riak-message.ts";
import { afterPrefix, type BucketName, bucketOf, bucketPrefix, typePrefix } from "./store-keys.ts";

const JSON_TYPE = "application/json";
const PAGE_KEYS = 1000;
const NO_BYTES = new Uint8Array(0);
/** An answer that has to be one JSON object is made in memory; `keys=stream` has no such limit. */
const LISTED_KEYS_LIMIT = 1_000_000;

/** `keys=true` and `keys=stream` of a bucket. */
export async function answerKeys(
  { store, properties, counters }: Backend,
  name: BucketName,
  { headers, query }: ParsedRequest,
): Promise<Answer> {
  if (properties.ofType(name.type) === undefined) return notFoundPage({ vary: VARY_ENCODING });
  if (chooseMediaType(headers.accept, [JSON_TYPE]) === undefined) return errorPage(406);
  const mode = query.get("keys");
  if (mode !== "true" && mode !== "stream") return jsonAnswer({});
  counters.listings++;
  await store.sweep();
  if (mode === "stream") return streamAnswer(jsonPages("keys", keyPages(store, name)));
  const keys = allKeys(store, name);
  return keys === undefined ? tooMany() : jsonAnswer({ keys });
}

/** `props` and `keys` of a bucket in one answer, as old-style URLs have it. */
export async function answerOldBucket(
  { store, properties, counters }: Backend,
  name: BucketName,
  { headers, query }: ParsedRequest,
): Promise<Answer> {
  if (chooseMediaType(headers.accept, [JSON_TYPE]) === undefined) return errorPage(406);
  const props =
    query.get("props") === "false"
      ? {}
      : { props: { name: decodeByteString(name.bucket), ...properties.ofBucket(name) } };
  const mode = query.get("keys");
  if (mode !== "true" && mode !== "stream") return jsonAnswer(props);
  counters.listings++;
  await store.sweep();
  if (mode === "stream") {
    const pages = jsonPages("keys", keyPages(store, name));
    return streamAnswer("props" in props ? prepend(JSON.stringify(props), pages) : pages);
  }
  const keys = allKeys(store, name);
  return keys === undefined ? tooMany() : jsonAnswer({ ...props, keys });
}

/** `buckets=true` and `buckets=stream` of a type: the buckets that hold objects. */
export async function answerBuckets(
  { store, properties, counters }: Backend,
  type: string,
  { headers, query }: ParsedRequest,
): Promise<Answer> {
  if (properties.ofType(type) === undefined) return notFoundPage({ vary: VARY_ENCODING });
  if (chooseMediaType(headers.accept, [JSON_TYPE]) === undefined) return errorPage(406);
  const mode = query.get("buckets");
  if (mode !== "true" && mode !== "stream") return crashPage("no_parameter");
  counters.listings++;
  await store.sweep();
  const buckets = bucketNames(store, type);
  return mode === "stream"
    ? streamAnswer([JSON.stringify({ buckets: [...buckets] })])
    : jsonAnswer({ buckets: [...buckets] });
}

function streamAnswer(pages: Iterable<string>): Answer {
  const headers = { vary: VARY_ENCODING, "content-type": JSON_TYPE };
  return { status: 200, headers, body: NO_BYTES, pages };
}

function tooMany(): Answer {
  return textAnswer(503, `more than ${LISTED_KEYS_LIMIT} keys, ask with keys=stream\n`);
}

/** Each page is read when it is asked for, so a slow reader holds no transaction open. */
function* keyPages(store: ObjectStore, name: BucketName): Generator<string[]> {
  const prefix = bucketPrefix(name);
  let last: Uint8Array | undefined;
  for (;;) {
    const storeKeys = store.keysAfter(prefix, last, PAGE_KEYS);
    if (storeKeys.length === 0) return;
    yield storeKeys.map((storeKey) => decodeByteString(store.keyOf(prefix.length, storeKey)));
    last = storeKeys.at(-1);
  }
}

function* jsonPages(member: string, pages: Iterable<string[]>): Generator<string> {
  for (const page of pages) yield JSON.stringify({ [member]: page });
  yield JSON.stringify({ [member]: [] });
}

function* prepend(first: string, rest: Iterable<string>): Generator<string> {
  yield first;
  yield* rest;
}

/** `undefined` if there are too many for one answer. */
function allKeys(store: ObjectStore, name: BucketName): string[] | undefined {
  const keys: string[] = [];
  for (const page of keyPages(store, name)) {
    for (const key of page) keys.push(key);
    if (keys.length > LISTED_KEYS_LIMIT) return undefined;
  }
  return keys;
}

/** From bucket to bucket, over the keys between. */
function* bucketNames(store: ObjectStore, type: string): Generator<string> {
  const within = typePrefix(type);
  let from: Uint8Array | undefined = within;
  while (from !== undefined) {
    const [storeKey] = store.keysFrom(from, afterPrefix(within), 1);
    if (storeKey === undefined) return;
    const name = bucketOf(storeKey);
    yield decodeByteString(name.bucket);
    from = afterPrefix(bucketPrefix(name));
  }
}
