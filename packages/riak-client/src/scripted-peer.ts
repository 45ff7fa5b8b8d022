/** For tests: a peer on a real socket that answers with the bytes it is told to, or worse. */
import { createServer, type Server, type Socket } from "node:net";

export interface PeerRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export type PeerAnswer =
  /** These bytes; the connection stays open. Pieces are sent as separate writes. */
  | { readonly kind: "bytes"; readonly pieces: readonly (string | Buffer)[] }
  /** These bytes, then the end of the connection. */
  | { readonly kind: "cut"; readonly bytes: string }
  | { readonly kind: "reset" }
  | { readonly kind: "silence" };

export interface ScriptedPeer {
  readonly url: string;
  readonly requests: readonly PeerRequest[];
  /** Connections taken so far. */
  readonly connections: number;
  close(): Promise<void>;
}

/** @param script the answer to each request; `count` is how many came before it. */
export async function startScriptedPeer(
  script: (request: PeerRequest, count: number) => PeerAnswer | Promise<PeerAnswer>,
  port = 0,
): Promise<ScriptedPeer> {
  const requests: PeerRequest[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  const server: Server = createServer((socket) => {
    connections++;
    sockets.add(socket);
    let received = "";
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => socket.destroy());
    socket.on("data", (chunk) => {
      received += chunk.toString("latin1");
      for (;;) {
        const taken = takeRequest(received);
        if (taken === undefined) return;
        received = received.slice(taken.length);
        requests.push(taken.request);
        void Promise.resolve(script(taken.request, requests.length - 1)).then((answer) =>
          play(socket, answer),
        );
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    url: `http://127.0.0.1:${address.port}`,
    requests,
    get connections() {
      return connections;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

function play(socket: Socket, answer: PeerAnswer): void {
  switch (answer.kind) {
    case "bytes":
      for (const piece of answer.pieces) socket.write(piece);
      return;
    case "cut":
      socket.end(answer.bytes);
      return;
    case "reset":
      socket.resetAndDestroy();
      return;
    case "silence":
      return;
  }
}

function takeRequest(
  received: string,
): { readonly request: PeerRequest; readonly length: number } | undefined {
  const end = received.indexOf("\r\n\r\n");
  if (end < 0) return undefined;
  const [line = "", ...lines] = received.slice(0, end).split("\r\n");
  const [method = "", path = ""] = line.split(" ");
  const headers: Record<string, string> = {};
  for (const header of lines) {
    const colon = header.indexOf(":");
    headers[header.slice(0, colon).toLowerCase()] = header.slice(colon + 1).trim();
  }
  const length = end + 4 + Number(headers["content-length"] ?? 0);
  if (received.length < length) return undefined;
  const body = Buffer.from(received.slice(end + 4, length), "latin1").toString("utf8");
  return { request: { method, path, headers, body }, length };
}
