import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Logger } from "@rollcall/telemetry";
import { textAnswer } from "./answers.ts";
import { isOfWebPage } from "./browser-request.ts";
import type { ListenOptions } from "./embedded-riak.ts";
import { titleCase } from "./object-answer.ts";
import { tooLarge } from "./object-resource.ts";
import type { Answer, RiakMethod, RiakRequest } from "./riak-message.ts";

export interface RiakServerOptions {
  /** Longer request bodies are answered 500 `{too_large,N}`, as Riak does. */
  readonly maxBodyBytes: number;
  readonly logger: Logger;
}

export interface RiakServer {
  /** @throws if the address cannot be bound. */
  listen(address: ListenOptions): Promise<ListenOptions>;
  /** Takes no further requests and resolves when those that have begun are answered, or after a few seconds. */
  close(): Promise<void>;
}

const SERVER = "Rollcall-Embedded-Riak";
const MAX_HEADER_BYTES = 64 * 1024;
const MAX_CONNECTIONS = 1024;
/** Of all request bodies that are being received. */
const MAX_BUFFERED_BYTES = 256 * 1024 * 1024;
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 120_000;
const KEEP_ALIVE_TIMEOUT_MS = 75_000;
const CLOSE_GRACE_MS = 5000;
const NO_TIMEOUT = 0;

/**
 * Serves requests over HTTP/1.1. Requests of one connection are answered one after the other, so that a pipelined read
 * sees the write before it.
 */
export function createRiakServer(
  answer: (request: RiakRequest) => Promise<Answer>,
  { maxBodyBytes, logger }: RiakServerOptions,
): RiakServer {
  const bodies = new BodyReader(maxBodyBytes);
  const previous = new WeakMap<Socket, Promise<void>>();
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = bodies.read(request);
    body.catch(() => {
      // Handled below; it may reject while the request before this one is still being answered.
    });
    await previous.get(request.socket);
    let result: Answer;
    try {
      result = await answer(toRiakRequest(request, await body));
    } catch (error) {
      if (!(error instanceof RefusedBody)) {
        request.destroy();
        return;
      }
      result = error.answer;
      response.setHeader("connection", "close");
    } finally {
      bodies.release(request);
    }
    await send(response, result);
  };
  const server = createServer(
    {
      keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      maxHeaderSize: MAX_HEADER_BYTES,
      requireHostHeader: false,
      noDelay: true,
    },
    (request, response) => {
      const served = serve(request, response).catch((error: unknown) => {
        logger.warn({ event: "riak-embedded.connection-failed", error });
        response.destroy();
      });
      previous.set(request.socket, served);
    },
  );
  server.maxConnections = MAX_CONNECTIONS;
  return {
    listen: (address) => listen(server, address),
    close: () => close(server),
  };
}

/** The answer to a request whose body is not wanted. */
class RefusedBody extends Error {
  readonly answer: Answer;

  constructor(answer: Answer) {
    super("request body refused");
    this.answer = answer;
  }
}

/** Receives bodies whole, within the limit of one and of all together. */
class BodyReader {
  readonly #maxBytes: number;
  readonly #held = new WeakMap<IncomingMessage, number>();
  #total = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** @throws {RefusedBody} @throws if the connection breaks. */
  read(request: IncomingMessage): Promise<Uint8Array> {
    if (isOfWebPage(request)) {
      return Promise.reject(new RefusedBody(textAnswer(403, "Web pages have no access.\n")));
    }
    return new Promise((resolve, reject) => {
      const chunks: Buffer[] = [];
      let length = 0;
      const refuse = (answer: Answer): void => {
        request.pause();
        reject(new RefusedBody(answer));
      };
      request.on("data", (chunk: Buffer) => {
        length += chunk.length;
        if (length > this.#maxBytes) {
          // Riak reads the whole body before it answers; here that goes for twice the limit.
          if (length > 2 * this.#maxBytes) refuse(tooLarge(length));
          this.release(request);
          chunks.length = 0;
        } else if (this.#total + chunk.length > MAX_BUFFERED_BYTES) {
          refuse(textAnswer(503, "Error:\n{overloaded}\n"));
        } else {
          this.#total += chunk.length;
          this.#held.set(request, (this.#held.get(request) ?? 0) + chunk.length);
          chunks.push(chunk);
        }
      });
      request.once("end", () => {
        if (length > this.#maxBytes) refuse(tooLarge(length));
        else resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks));
      });
      request.once("error", reject);
      request.once("close", () => reject(new Error("the connection broke")));
    });
  }

  /** The body is no longer held. */
  release(request: IncomingMessage): void {
    this.#total -= this.#held.get(request) ?? 0;
    this.#held.delete(request);
  }
}

function toRiakRequest(request: IncomingMessage, body: Uint8Array): RiakRequest {
  return {
    method: request.method as RiakMethod,
    path: pathOf(request.url ?? "/"),
    // Repeated headers come joined by comma and space, which is how Riak takes them.
    headers: request.headers as Record<string, string>,
    body,
    timeoutMs: NO_TIMEOUT,
  };
}

/** A request line may hold a whole URL. */
function pathOf(target: string): string {
  return target.startsWith("http://") ? target.replace(/^http:\/\/[^/]*/, "") : target;
}

async function send(response: ServerResponse, { status, headers, body, pages }: Answer): Promise<void> {
  if (response.destroyed) return;
  const lines: string[] = ["Server", SERVER];
  for (const name in headers) lines.push(titleCase(name), headers[name]!);
  const connection = response.getHeader("connection");
  if (typeof connection === "string") lines.push("Connection", connection);
  response.removeHeader("connection");
  if (status === 404) response.writeHead(status, "Object Not Found", lines);
  else response.writeHead(status, lines);
  for (const page of pages ?? []) {
    if (response.destroyed) return;
    if (!response.write(page)) await drained(response);
  }
  await new Promise<void>((resolve) => {
    response.once("close", resolve);
    response.end(body, resolve);
  });
}

/** Resolves when more may be written, or when nobody reads any more. */
function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off("drain", done);
      response.off("close", done);
      resolve();
    };
    response.once("drain", done);
    response.once("close", done);
  });
}

function listen(server: Server, { host, port }: ListenOptions): Promise<ListenOptions> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve({ host, port: (server.address() as AddressInfo).port });
    });
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const force = setTimeout(() => server.closeAllConnections(), CLOSE_GRACE_MS);
    server.close(() => {
      clearTimeout(force);
      resolve();
    });
    server.closeIdleConnections();
  });
}
