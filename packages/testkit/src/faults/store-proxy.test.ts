import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, before, beforeEach, test } from "node:test";
import { eventually } from "../eventually.ts";
import { type StoreProxy, startStoreProxy } from "./store-proxy.ts";

const written: string[] = [];
const store = createServer((request, response) => {
  request.resume();
  request.once("end", () => {
    if (request.method === "PUT") written.push(request.url ?? "");
    response.setHeader("x-riak-vclock", "abc").end(`${request.method} ${request.url}`);
  });
});
let proxy: StoreProxy;

before(async () => {
  store.listen(0, "127.0.0.1");
  await once(store, "listening");
  const address = store.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  proxy = await startStoreProxy({ store: `http://127.0.0.1:${port}` });
});
after(async () => {
  await proxy.stop();
  store.closeAllConnections();
  store.close();
});
beforeEach(() => {
  proxy.fault({ kind: "none" });
  written.length = 0;
});

const put = (path: string): Promise<Response> =>
  fetch(`${proxy.url}${path}`, { method: "PUT", body: "value" });

test("requests and answers pass as they are", async () => {
  const answer = await fetch(`${proxy.url}/buckets/a%20b/keys/c?r=1`);
  assert.equal(answer.headers.get("x-riak-vclock"), "abc");
  assert.equal(await answer.text(), "GET /buckets/a%20b/keys/c?r=1");
});

test("a failing store answers 503, without having written or with", async () => {
  proxy.fault({ kind: "failing", share: 1, written: false });
  assert.equal((await put("/one")).status, 503);
  assert.deepEqual(written, []);
  proxy.fault({ kind: "failing", share: 1, written: true });
  assert.equal((await put("/two")).status, 503);
  assert.deepEqual(written, ["/two"]);
});

test("a store that is away resets connections, and is back when the fault is over", async () => {
  proxy.fault({ kind: "away" });
  await assert.rejects(put("/one"));
  proxy.fault({ kind: "none" });
  // A client may find out first that a connection it kept is gone.
  await eventually("the store answers", async () =>
    put("/two").then(
      (answer) => answer.status === 200,
      () => false,
    ),
  );
  assert.deepEqual(written, ["/two"]);
});

test("a slow store has written before it answers", async () => {
  proxy.fault({ kind: "slow", ms: 20 });
  const answer = await put("/one");
  assert.equal(answer.status, 200);
  assert.deepEqual(written, ["/one"]);
});
