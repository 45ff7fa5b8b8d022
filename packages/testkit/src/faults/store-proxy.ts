/** An HTTP proxy between the services and the store, which can be slow, fail, or be away. */
import { once } from "node:events";
import {
  Agent,
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request,
  type Server,
  type ServerResponse,
} from "node:http";
import type { Socket } from "node:net";

/** What the proxy does to requests, until it is told something else. */
export type StoreFault =
  | { readonly kind: "none" }
  /** Each answer comes this much later. */
  | { readonly kind: "slow"; readonly ms: number }
  /** This share (0 to 1) of the requests gets 503; with `written` the store has done what was asked. */
  | { readonly kind: "failing"; readonly share: number; readonly written: boolean }
  /** Connections are reset. */
  | { readonly kind: "away" };

export interface StoreProxy {
  /** For `store.url` and the like. */
  readonly url: string;
  /** Requests since the start, by what became of them. */
  readonly counts: Readonly<Record<"passed" | "failed" | "cut", number>>;
  fault(fault: StoreFault): void;
  stop(): Promise<void>;
}

export interface StoreProxyOptions {
  /** The store, `http://host:port`. */
  readonly store: string;
  /** 0 to 1, as Math.random; which requests fail. */
  readonly random?: () => number;
}

/** Starts on a free port of loopback. */
export async function startStoreProxy(options: StoreProxyOptions): Promise<StoreProxy> {
  const random = options.random ?? Math.random;
  const store = new URL(options.store);
  const agent = new Agent({ keepAlive: true });
  const counts = { passed: 0, failed: 0, cut: 0 };
  const sockets = new Set<Socket>();
  const timers = new Set<NodeJS.Timeout>();
  let now: StoreFault = { kind: "none" };

  const later = (ms: number, work: () => void): void => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      work();
    }, ms);
    timers.add(timer);
  };

  const handle = async (incoming: IncomingMessage, answer: ServerResponse): Promise<void> => {
    const fault = now;
    if (fault.kind === "away") {
      counts.cut += 1;
      incoming.socket.resetAndDestroy();
      return;
    }
    const body = await bodyOf(incoming);
    const fails = fault.kind === "failing" && random() < fault.share;
    const refuse = (): void => {
      counts.failed += 1;
      answer.writeHead(503, { "content-type": "text/plain" }).end("the test says so");
    };
    if (fails && !fault.written) {
      refuse();
      return;
    }
    const result = await forward(store, agent, incoming, body);
    if (fails) {
      refuse();
      return;
    }
    const reply = (): void => {
      counts.passed += 1;
      answer.writeHead(result.status, result.headers).end(result.body);
    };
    if (fault.kind === "slow") later(fault.ms, reply);
    else reply();
  };

  const server: Server = createServer((incoming, answer) => {
    handle(incoming, answer).catch(() => {
      // Either side is gone; so is the request.
      counts.cut += 1;
      answer.destroy();
    });
  });
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    counts,
    fault(fault) {
      now = fault;
      if (fault.kind === "away") for (const socket of sockets) socket.resetAndDestroy();
    },
    async stop() {
      for (const timer of timers) clearTimeout(timer);
      for (const socket of sockets) socket.destroy();
      agent.destroy();
      const closed = once(server, "close");
      server.close();
      await closed;
    },
  };
}

async function bodyOf(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

async function forward(
  store: URL,
  agent: Agent,
  incoming: IncomingMessage,
  body: Buffer,
): Promise<{ status: number; headers: IncomingHttpHeaders; body: Buffer }> {
  const outgoing = request({
    host: store.hostname,
    port: store.port,
    method: incoming.method,
    path: incoming.url,
    headers: { ...incoming.headers, "content-length": body.length },
    agent,
  });
  outgoing.end(body);
  const [result] = (await once(outgoing, "response")) as [IncomingMessage];
  const content = await bodyOf(result);
  const { "transfer-encoding": _, connection: __, ...headers } = result.headers;
  // A HEAD says how long the body would be.
  if (incoming.method !== "HEAD") headers["content-length"] = String(content.length);
  return { status: result.statusCode ?? 502, headers, body: content };
}
