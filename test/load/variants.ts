/** Rollcall with what it can tell of itself switched on, to see what that costs. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { rollcallWith } from "./rollcall.ts";
import type { ServerKind } from "./server-under-test.ts";

/** A collector that reads what it gets, and keeps nothing. It is in the load generator's process and is not measured. */
async function startSink(): Promise<{ server: Server; endpoint: string }> {
  const server = createServer((request, response) => {
    request.resume();
    request.once("end", () => response.writeHead(200, { "content-type": "application/x-protobuf" }).end());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { server, endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

function traced(percent: string): ServerKind {
  const name = `Rollcall, ${percent} % traced`;
  return {
    name,
    missing: () => undefined,
    async start(users, options) {
      const { server, endpoint } = await startSink();
      const running = await rollcallWith(name, {
        ROLLCALL_OTLP_ENDPOINT: endpoint,
        ROLLCALL_TRACE_PERCENT: percent,
      }).start(users, options);
      return {
        ...running,
        async stop() {
          await running.stop();
          server.closeAllConnections();
          server.close();
        },
      };
    },
  };
}

/** A record for every stanza in and out, into a file in the server's folder. */
export const xmppLogVariant: ServerKind = rollcallWith("Rollcall, XMPP log", {
  ROLLCALL_XMPP_LOG_ENABLED: "true",
  ROLLCALL_XMPP_LOG_FILE: "xmpp.log",
});

export const tracingVariants: readonly ServerKind[] = ["0", "1", "100"].map(traced);
