/**
 * Reads Riak's refusals. A status alone says little: a node that has just started answers 404 to everything (its
 * routes are not there yet) and then 500 for seconds, while `/ping` says OK; a 503 may have written.
 */
import { RiakError, type RiakErrorCode } from "./riak-error.ts";
import type { RiakResponse } from "./riak-transport.ts";

export interface Fault {
  readonly code: RiakErrorCode;
  /** For a log or an error: Riak's words about itself, never data. */
  readonly reason: string;
  /** Nothing was written: the request was refused before it reached the data. */
  readonly refused: boolean;
  /** It is this node's fault; another one may do better. */
  readonly node: boolean;
}

const NOT_FOUND = "not found";

/**
 * What is wrong with a response, or `undefined` for an answer: 2xx, 300, 304, and the 404 of a key that is not there.
 */
export function faultOf(response: RiakResponse): Fault | undefined {
  const { status } = response;
  if (status < 400) {
    if (status >= 200 && status <= 300) return undefined;
    return status === 304 ? undefined : fault("bad-response", `unexpected status ${status}`);
  }
  if (status === 404) return faultOf404(response);
  if (status === 413 || status === 414 || status === 431) {
    return { code: "too-large", reason: `status ${status}`, refused: true, node: false };
  }
  if (status === 429) return { code: "overloaded", reason: "status 429", refused: true, node: true };
  if (status < 500) return { code: "bad-request", reason: describe(response), refused: true, node: false };
  if (status === 500) return faultOf500(response);
  const reason = describe(response);
  if (status === 504 || reason.startsWith("request timed out")) return fault("timeout", reason);
  if (status === 503 && reason.includes("overload")) return fault("overloaded", reason);
  return fault("unavailable", reason);
}

/** @throws {RiakError} unless the response is an answer. `write`: what was asked for changes data. */
export function throwFault(response: RiakResponse, write: boolean): void {
  const fault = faultOf(response);
  if (fault === undefined) return;
  const maybeWritten = write && (!fault.refused || response.maybeWritten === true);
  throw new RiakError(fault.code, fault.reason, { status: response.status, maybeWritten });
}

function faultOf404(response: RiakResponse): Fault | undefined {
  const type = mediaType(response);
  if (type === "text/html") {
    return { code: "unavailable", reason: "route not served yet", refused: true, node: true };
  }
  // A HEAD has no body to look at.
  if (response.body.length === 0) return undefined;
  const text = describe(response);
  if (text.startsWith(NOT_FOUND)) return undefined;
  return { code: "bad-request", reason: text, refused: true, node: false };
}

function faultOf500(response: RiakResponse): Fault {
  const reason = describe(response);
  if (reason.includes("{too_large,")) {
    return { code: "too-large", reason, refused: true, node: false };
  }
  if (reason.includes("all_nodes_down")) return { code: "unavailable", reason, refused: true, node: true };
  if (reason.startsWith("Error:")) {
    return fault(reason.includes("overload") ? "overloaded" : "unavailable", reason);
  }
  return { code: "server-error", reason: "status 500", refused: false, node: false };
}

function fault(code: RiakErrorCode, reason: string): Fault {
  return { code, reason, refused: false, node: true };
}

export function mediaType(response: { readonly headers: Readonly<Record<string, string>> }): string {
  const type = response.headers["content-type"] ?? "";
  const end = type.indexOf(";");
  return (end < 0 ? type : type.slice(0, end)).trim().toLowerCase();
}

/** The first words of a plain text body; html pages and stack traces are not worth repeating. */
function describe(response: RiakResponse): string {
  const { status, body } = response;
  if (mediaType(response) === "text/html") return `status ${status}`;
  const text = Buffer.from(body.buffer, body.byteOffset, Math.min(body.byteLength, 160))
    .toString("latin1")
    .replace(/[^\x20-\x7e]+/g, " ")
    .trim();
  return text === "" ? `status ${status}` : text;
}
