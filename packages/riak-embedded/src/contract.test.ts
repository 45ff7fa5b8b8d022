import { Agent, request as httpRequest } from "node:http";
import { silentLogger } from "@rollcall/telemetry";
import { describeRiakContract } from "./contract.ts";
import { openEmbeddedRiak } from "./embedded-riak.ts";
import type { RiakRequest, RiakResponse } from "./riak-message.ts";
import { temporaryDirectory } from "./testing/temporary-directory.ts";

describeRiakContract("the embedded store, called directly,", async () => {
  const { riak, advance, close } = await open();
  return { send: (request) => riak.handle(request), advance, close };
});

describeRiakContract("the embedded store, over a socket,", async () => {
  const { riak, advance, close } = await open();
  const { port } = await riak.listen({ host: "127.0.0.1", port: 0 });
  const agent = new Agent({ keepAlive: true });
  return {
    send: (request) => sendOverSocket(agent, port, request),
    advance,
    async close() {
      agent.destroy();
      await close();
    },
  };
});

async function open() {
  const directory = temporaryDirectory();
  let now = Date.parse("2026-11-23T00:49:47Z");
  const riak = await openEmbeddedRiak({
    dir: directory.path,
    logger: silentLogger,
    clock: { now: () => now },
    bucketTypes: ["mult"],
  });
  return {
    riak,
    advance(ms: number) {
      now += ms;
    },
    async close() {
      await riak.close();
      directory.remove();
    },
  };
}

function sendOverSocket(
  agent: Agent,
  port: number,
  { method, path, headers, body }: RiakRequest,
): Promise<RiakResponse> {
  return new Promise((resolve, reject) => {
    const options = { agent, host: "127.0.0.1", port, method, path, headers };
    const sent = httpRequest(options, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () => {
        resolve({
          status: response.statusCode!,
          headers: response.headers as Record<string, string>,
          body: Buffer.concat(chunks),
        });
      });
      response.on("error", reject);
    });
    sent.on("error", reject);
    // As bytes: Node would write the headers before a string in UTF-8.
    sent.end(body === undefined ? undefined : Buffer.from(body));
  });
}
