import { emptyAnswer, errorPage } from "./answers.ts";
import { parseHttpDate } from "./http-date.ts";
import type { Answer } from "./riak-message.ts";

/** What conditions are compared with. */
export interface Validators {
  /** Without quotes. */
  readonly etag: string;
  /** Milliseconds since the epoch. */
  readonly lastModified: number;
  /** The `Vary` of answers about this object. */
  readonly vary: string;
}

type Headers = Readonly<Record<string, string>>;

/**
 * RFC 9110, section 13.2.2, as Riak's web layer has it: `If-Match` on anything missing fails, only quoted tags match, and
 * `If-Modified-Since` counts also beside `If-None-Match`.
 *
 * @param current `undefined` for a missing object or a tombstone.
 * @param reading whether the method is GET or HEAD.
 * @returns the 304 or 412 to answer with, or `undefined` to go on.
 */
export function checkPreconditions(
  current: Validators | undefined,
  headers: Headers,
  reading: boolean,
  now: number,
): Answer | undefined {
  const ifMatch = headers["if-match"];
  if (current === undefined) return ifMatch === undefined ? undefined : failed("Accept-Encoding");
  if (ifMatch !== undefined && ifMatch.trim() !== "*" && !namesTag(ifMatch, current.etag)) {
    return failed(current.vary);
  }
  const lastModified = Math.floor(current.lastModified / 1000);
  const unmodifiedSince = headers["if-unmodified-since"];
  if (unmodifiedSince !== undefined) {
    const limit = parseHttpDate(unmodifiedSince);
    if (limit !== undefined && lastModified > limit) return failed(current.vary);
  }
  const ifNoneMatch = headers["if-none-match"];
  if (ifNoneMatch !== undefined && (ifNoneMatch.trim() === "*" || namesTag(ifNoneMatch, current.etag))) {
    return reading ? notModified(current) : failed(current.vary);
  }
  const modifiedSince = headers["if-modified-since"];
  if (reading && modifiedSince !== undefined) {
    const limit = parseHttpDate(modifiedSince);
    if (limit !== undefined && limit <= now / 1000 && lastModified <= limit) return notModified(current);
  }
  return undefined;
}

/** Whether the list of a conditional header names the tag, weak or strong. */
function namesTag(list: string, etag: string): boolean {
  const quoted = `"${etag}"`;
  return list === quoted || (list.match(/"[^"]*"/g)?.includes(quoted) ?? false);
}

function notModified({ etag, vary }: Validators): Answer {
  return emptyAnswer(304, { vary, etag: `"${etag}"` });
}

function failed(vary: string): Answer {
  return errorPage(412, { vary });
}
