import { RiakError } from "./riak-error.ts";

/** Riak closes the connection on a request line of about 8 KB. */
const MAX_ENCODED_KEY_BYTES = 7_000;

/** Most keys are a bare JID or a word. A path may hold `@` as it is (RFC 3986, 3.3). */
const plainName = /^(?=.*[^.])[A-Za-z0-9_.~@-]+$/;

/**
 * A bucket or key as one path segment. Riak decodes once, reads `+` as a space and follows a raw `/` as a link walk,
 * so everything but unreserved characters and `@` is percent-encoded, in UTF-8.
 * @throws {RiakError} `bad-request` for an empty name (that path would be the bucket's) and for lone surrogates,
 *   `too-large` for one that does not fit into a request line.
 */
export function encodePathSegment(name: string): string {
  if (name === "") throw new RiakError("bad-request", "empty bucket or key");
  if (name.length <= MAX_ENCODED_KEY_BYTES && plainName.test(name)) return name;
  let encoded: string;
  try {
    encoded = encodeURIComponent(name).replaceAll("%40", "@");
  } catch (cause) {
    throw new RiakError("bad-request", "bucket or key is not well-formed Unicode", { cause });
  }
  // Clients and proxies take these for directions, not for names.
  if (encoded === "." || encoded === "..") return encoded.replaceAll(".", "%2E");
  if (encoded.length > MAX_ENCODED_KEY_BYTES) {
    throw new RiakError("too-large", `bucket or key over ${MAX_ENCODED_KEY_BYTES} bytes when encoded`);
  }
  return encoded;
}

/** @returns e.g. `/buckets/xmpp` or `/types/strong/buckets/xmpp`. @throws {RiakError} */
export function bucketPath(bucket: string, type?: string): string {
  const path = `/buckets/${encodePathSegment(bucket)}`;
  return type === undefined ? path : `/types/${encodePathSegment(type)}${path}`;
}
