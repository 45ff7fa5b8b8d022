import type { Answer } from "./riak-message.ts";

/** The answers that Riak's web layer gives by itself, and those that are only text. */

const NO_BYTES = new Uint8Array(0);
export const VARY_ENCODING = "Accept-Encoding";
export const VARY_BOTH = "Accept, Accept-Encoding";

type Headers = Record<string, string>;

export function textAnswer(status: number, text: string, headers: Headers = {}): Answer {
  return bodyAnswer(status, "text/plain", text, headers);
}

export function jsonAnswer(value: unknown, status = 200): Answer {
  return bodyAnswer(status, "application/json", JSON.stringify(value), { vary: VARY_ENCODING });
}

export function bodyAnswer(
  status: number,
  contentType: string,
  body: string | Uint8Array,
  headers: Headers = {},
): Answer {
  const bytes = typeof body === "string" ? Buffer.from(body) : body;
  headers["content-type"] = contentType;
  headers["content-length"] = String(bytes.length);
  return { status, headers, body: bytes };
}

/** 204, and 304 where the content type is left out. */
export function emptyAnswer(status: number, headers: Headers): Answer {
  return { status, headers, body: NO_BYTES };
}

/** The same without its body, which HEAD must not have. */
export function withoutBody({ status, headers }: Answer): Answer {
  return { status, headers, body: NO_BYTES };
}

const PHRASES: Readonly<Record<number, string>> = {
  403: "Forbidden",
  405: "Method Not Allowed",
  406: "Not Acceptable",
  409: "Conflict",
  412: "Precondition Failed",
  415: "Unsupported Media Type",
  500: "Internal Server Error",
};

/** A page of Riak's web layer, such as 406 or 412. */
export function errorPage(status: keyof typeof PHRASES, headers: Headers = {}): Answer {
  const phrase = PHRASES[status]!;
  const page = `<html><head><title>${status} ${phrase}</title></head><body><h1>${phrase}</h1><p><hr><address>mochiweb+webmachine web server</address></body></html>`;
  return bodyAnswer(status, "text/html", page, headers);
}

/** 500 with the reason where Riak has its stack trace. */
export function crashPage(reason: string): Answer {
  const page = `<html><head><title>500 Internal Server Error</title></head><body><h1>Internal Server Error</h1>The server encountered an error while processing this request:<br><pre>{error,${reason}}</pre><P><HR><ADDRESS>mochiweb+webmachine web server</ADDRESS></body></html>`;
  return bodyAnswer(500, "text/html", page, { vary: VARY_ENCODING });
}

/** 404 of everything that is not an object: unknown paths, a wrong vtag, listings of an unknown type. */
export function notFoundPage(headers: Headers = {}): Answer {
  const page =
    "<HTML><HEAD><TITLE>404 Not Found</TITLE></HEAD><BODY><H1>Not Found</H1>The requested document was not found on this server.<P><HR><ADDRESS>mochiweb+webmachine web server</ADDRESS></BODY></HTML>";
  return bodyAnswer(404, "text/html", page, headers);
}

/** 405 with the methods that the path has. */
export function methodNotAllowed(allow: string): Answer {
  return errorPage(405, { allow });
}

/** 501 for methods that no path has. */
export function methodUnknown(method: string): Answer {
  const name = method.replace(/[^A-Za-z0-9-]/g, "");
  const page = `<html><head><title>501 Not Implemented</title></head><body><h1>Not Implemented</h1>The server does not support the "${name}" method.<br><P><HR><ADDRESS>mochiweb+webmachine web server</ADDRESS></body></html>`;
  return bodyAnswer(501, "text/html", page);
}

/** 404 of an object. */
export function objectNotFound(headers: Headers = {}): Answer {
  return textAnswer(404, "not found\n", headers);
}

export function unknownBucketType(type: string): Answer {
  return textAnswer(404, `Unknown bucket type: ${type}`);
}
