import { type ClientRequest, request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { CliError, type ExitCode, exitCodes } from "./exit-codes.ts";
import type { ServerAccess } from "./server-access.ts";

/** Milliseconds of silence after which the server counts as unreachable. */
const silenceMs = 60_000;
/** Bytes of an answer that is read as a whole. */
const answerBytes = 64 * 1024 * 1024;

/** Speaks to the admin interface. Everything that goes wrong is a `CliError`. */
export class AdminClient {
  readonly #access: ServerAccess;

  constructor(access: ServerAccess) {
    this.#access = access;
  }

  /** One request, one JSON answer. The caller knows the form of the answer (services/admin/README.md). */
  async json<T>(method: string, path: string, body?: unknown): Promise<T> {
    const request = this.#open(method, path, body === undefined ? undefined : "application/json");
    const response = this.#response(request);
    request.end(body === undefined ? undefined : JSON.stringify(body));
    return JSON.parse(await readAll(await response)) as T;
  }

  /** The bytes of an answer as they come. Ends with an error when the answer is not complete. */
  async *stream(path: string): AsyncGenerator<Uint8Array> {
    const request = this.#open("GET", path, undefined);
    const response = this.#response(request);
    request.end();
    yield* this.#chunks(await response);
  }

  /** Sends the body while it gives the answer: neither side is held as a whole. */
  async *upload(path: string, body: Readable): AsyncGenerator<Uint8Array> {
    const request = this.#open("POST", path, "application/x-ndjson");
    // One of the two fails first, and takes the other with it.
    let failed: "body" | "request" | undefined;
    body.once("error", () => {
      failed ??= "body";
    });
    request.once("error", () => {
      failed ??= "request";
    });
    const sent: Promise<Error | undefined> = pipeline(body, request).then(
      () => undefined,
      (error: Error) => error,
    );
    try {
      yield* this.#chunks(await this.#response(request));
    } catch (error) {
      if (failed !== "body") throw error;
      const cause = await sent;
      throw new CliError(exitCodes.usage, `cannot read the input: ${cause?.message}`, { cause });
    } finally {
      body.destroy();
      request.destroy();
      await sent;
    }
  }

  #open(method: string, path: string, contentType: string | undefined): ClientRequest {
    const { url, token } = this.#access;
    const base = url.pathname.endsWith("/") ? url.pathname.slice(0, -1) : url.pathname;
    const request = (url.protocol === "https:" ? httpsRequest : httpRequest)({
      protocol: url.protocol,
      hostname: url.hostname.replace(/^\[|\]$/g, ""),
      port: url.port,
      path: `${base}/admin/v1${path}`,
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(contentType === undefined ? {} : { "content-type": contentType }),
      },
    });
    request.setTimeout(silenceMs, () => {
      request.destroy(new Error(`nothing was heard for ${silenceMs / 1000} s`));
    });
    return request;
  }

  async #response(request: ClientRequest): Promise<IncomingMessage> {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      request.once("response", resolve);
      // Stays for what happens after the answer began: that shows on the answer itself.
      request.on("error", (error) => reject(this.#unreachable(error)));
    });
    const status = response.statusCode ?? 0;
    if (status >= 200 && status < 300) return response;
    throw refused(status, await readAll(response));
  }

  async *#chunks(response: IncomingMessage): AsyncGenerator<Uint8Array> {
    try {
      for await (const chunk of response) yield chunk as Uint8Array;
    } catch (error) {
      throw new CliError(
        exitCodes.unreachable,
        "the server broke off in the middle of the answer; its log says why",
        {
          cause: error,
        },
      );
    }
  }

  #unreachable(error: Error): CliError {
    const { code } = error as NodeJS.ErrnoException;
    const reason = code === "ECONNREFUSED" ? "the connection was refused" : error.message || String(code);
    return new CliError(
      exitCodes.unreachable,
      `cannot reach the server at ${this.#access.url.origin}: ${reason}\n` +
        "Start it, or say where it is: --url, or the setting listen.http.",
      { cause: error },
    );
  }
}

async function readAll(response: IncomingMessage): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    if (bytes > answerBytes) throw new CliError(exitCodes.fault, "the answer of the server is too long");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function refused(status: number, body: string): CliError {
  const { error, message } = readRefusal(body);
  if (status === 401) {
    return new CliError(
      exitCodes.usage,
      "the server does not accept the admin token; take the one of the running server " +
        "(ROLLCALL_ADMIN_TOKEN, or admin-token in its data.dir)",
    );
  }
  if (error === undefined || error === "no-such-route") {
    return new CliError(
      exitCodes.fault,
      `what answers there (status ${status}) is not the admin interface of this version of Rollcall; check --url`,
    );
  }
  return new CliError(exitCodeOf(status), message ?? error);
}

function exitCodeOf(status: number): ExitCode {
  if (status === 503) return exitCodes.unreachable;
  return status >= 400 && status < 500 ? exitCodes.refused : exitCodes.fault;
}

function readRefusal(body: string): { error?: string; message?: string } {
  try {
    const { error, message } = JSON.parse(body) as Record<string, unknown>;
    return {
      ...(typeof error === "string" ? { error } : {}),
      ...(typeof message === "string" ? { message } : {}),
    };
  } catch {
    return {};
  }
}

/** Lines of text in bytes that come in pieces. */
export async function* splitLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of chunks) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line !== "") yield line;
  }
  if (rest !== "") yield rest;
}
