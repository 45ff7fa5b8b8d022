import { crashPage, errorPage, jsonAnswer, notFoundPage, textAnswer, VARY_ENCODING } from "./answers.ts";
import type { Backend, ParsedRequest } from "./backend.ts";
import { decodeByteString } from "./byte-string.ts";
import { fieldPrefix, parseIndexEntry, parseIndexInteger, sortableValue } from "./index-keys.ts";
import { chooseMediaType } from "./media-types.ts";
import type { ObjectStore } from "./object-store.ts";
import type { Answer } from "./riak-message.ts";
import { afterPrefix, type BucketName, bucketPrefix } from "./store-keys.ts";

const PAGE = 1000;
/** Without `max_results` an answer holds at most this many; more are refused. */
const RESULTS_LIMIT = 100_000;

interface IndexRoute extends BucketName {
  readonly field: string;
  /** One value, or the first and the last of a range. */
  readonly range: readonly string[];
}

interface Match {
  readonly value: string;
  readonly key: string;
}

/** Queries of secondary indexes: equality and ranges of `_int` and `_bin` fields, `$bucket` and `$key`. */
export async function answerIndex(
  { store, properties, counters }: Backend,
  route: IndexRoute,
  { headers, query }: ParsedRequest,
): Promise<Answer> {
  if (properties.ofType(route.type) === undefined) return notFoundPage({ vary: VARY_ENCODING });
  if (chooseMediaType(headers.accept, ["application/json"]) === undefined) return errorPage(406);
  const unsupported = ["stream", "term_regex"].find((name) => query.has(name));
  if (unsupported !== undefined) {
    return textAnswer(501, `The embedded store has no ${unsupported} in index queries\n`);
  }
  const field = route.field.toLowerCase();
  const limitText = query.get("max_results");
  const limit = limitText === undefined ? undefined : Number(limitText);
  if (limit !== undefined && !(Number.isSafeInteger(limit) && limit > 0)) {
    return textAnswer(400, `Invalid "max_results". ${limitText} is not a positive integer`);
  }
  const [first, last = first] = route.range as [string, string?];
  if (field.endsWith("_int")) {
    const bad = [first, last].find((value) => parseIndexInteger(value) === undefined);
    if (bad !== undefined) {
      const text = `Invalid query: {field_parsing_failed,{<<"${field}">>,<<"${bad}">>}}\n`;
      return textAnswer(400, text);
    }
  } else if (field !== "$bucket" && field !== "$key" && !field.endsWith("_bin")) {
    return textAnswer(400, `Invalid query: {unknown_field_type,<<"${field}">>}\n`);
  }
  const after = query.get("continuation");
  const from = after === undefined ? undefined : decodeContinuation(after);
  if (after !== undefined && from === undefined) return crashPage("function_clause");

  counters.indexQueries++;
  await store.sweep();
  const matches: Match[] = [];
  for (const match of findMatches(store, route, field, first, last, from)) {
    if (matches.length === (limit ?? RESULTS_LIMIT)) break;
    matches.push(match);
  }
  if (limit === undefined && matches.length === RESULTS_LIMIT) {
    return textAnswer(503, `${RESULTS_LIMIT} results or more, ask with max_results\n`);
  }
  const withTerms = query.get("return_terms") === "true" && !field.startsWith("$");
  const results = withTerms
    ? { results: matches.map(({ value, key }) => ({ [decodeByteString(value)]: decodeByteString(key) })) }
    : { keys: matches.map(({ key }) => decodeByteString(key)) };
  const end = matches.length === limit ? matches.at(-1) : undefined;
  return jsonAnswer(end === undefined ? results : { ...results, continuation: encodeContinuation(end) });
}

function findMatches(
  store: ObjectStore,
  name: BucketName,
  field: string,
  first: string,
  last: string,
  after: Match | undefined,
): Iterable<Match> {
  const prefix = bucketPrefix(name);
  if (field === "$bucket") return findKeys(store, prefix, undefined, undefined, after);
  if (field === "$key") return findKeys(store, prefix, first, last, after);
  return findEntries(store, prefix, field, first, last, after);
}

function* findEntries(
  store: ObjectStore,
  prefix: Buffer,
  field: string,
  first: string,
  last: string,
  after: Match | undefined,
): Generator<Match> {
  const within = fieldPrefix(prefix, field);
  const lowest = Buffer.concat([within, sortableValue(field, first)!]);
  const highest = Buffer.concat([within, sortableValue(field, last)!]);
  const end = afterPrefix(highest);
  const resume = after === undefined ? undefined : sortableValue(field, after.value);
  let start: Uint8Array =
    after === undefined || resume === undefined
      ? lowest
      : Buffer.concat([within, resume, Buffer.from(after.key, "latin1"), Buffer.of(0)]);
  if (Buffer.compare(start, lowest) < 0) start = lowest;
  for (;;) {
    const keys = store.indexes.getKeys({ start, ...(end !== undefined && { end }), limit: PAGE });
    const entries = [...keys].map((key) => Buffer.from(key));
    for (const entry of entries) yield parseIndexEntry(entry, field, within.length);
    if (entries.length < PAGE) return;
    start = Buffer.concat([entries.at(-1)!, Buffer.of(0)]);
  }
}

function* findKeys(
  store: ObjectStore,
  prefix: Buffer,
  first: string | undefined,
  last: string | undefined,
  after: Match | undefined,
): Generator<Match> {
  const from = after?.key ?? first ?? "";
  let start = Buffer.concat([prefix, Buffer.from(from, "latin1")]);
  if (after !== undefined) start = Buffer.concat([start, Buffer.of(0)]);
  const end = afterPrefix(prefix);
  for (;;) {
    const storeKeys = store.keysFrom(start, end, PAGE);
    for (const storeKey of storeKeys) {
      const key = store.keyOf(prefix.length, storeKey);
      // Strings of one character per byte compare as the bytes do.
      if (last !== undefined && key > last) return;
      yield { value: "", key };
    }
    if (storeKeys.length < PAGE) return;
    start = Buffer.concat([storeKeys.at(-1)!, Buffer.of(0)]);
  }
}

function encodeContinuation({ value, key }: Match): string {
  return Buffer.from(JSON.stringify([value, key]), "latin1").toString("base64");
}

function decodeContinuation(text: string): Match | undefined {
  try {
    const parsed = JSON.parse(Buffer.from(text, "base64").toString("latin1")) as unknown;
    if (!Array.isArray(parsed) || parsed.length !== 2) return undefined;
    const [value, key] = parsed as unknown[];
    return typeof value === "string" && typeof key === "string" ? { value, key } : undefined;
  } catch {
    return undefined;
  }
}
