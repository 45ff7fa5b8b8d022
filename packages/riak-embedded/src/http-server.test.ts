import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { JSON_BODY, openTestStore, type TestStore } from "./testing/open-test-store.ts";

interface Wire {
  readonly store: TestStore;
  readonly socket: Socket;
  /** Sends text with CRLF line ends. */
  send(text: string): void;
  /** Resolves with everything received so far, once it matches. */
  received(pattern: RegExp): Promise<string>;
  /** Resolves with everything received, once the server has closed the connection. */
  closed(): Promise<string>;
}

async function open(t: TestContext, options: Parameters<typeof openTestStore>[0] = {}): Promise<Wire> {
  const store = await openTestStore(options);
  const { host, port } = await store.riak.listen({ host: "127.0.0.1", port: 0 });
  const socket = connect(port, host);
  socket.on("error", () => {});
  t.after(async () => {
    socket.destroy();
    await store.close();
  });
  await once(socket, "connect");
  let text = "";
  let ended = false;
  const changed = new Set<() => void>();
  const wake = (): void => {
    for (const listener of changed) listener();
  };
  socket.on("data", (chunk) => {
    text += chunk.toString("latin1");
    wake();
  });
  socket.on("close", () => {
    ended = true;
    wake();
  });
  const until = (done: () => boolean): Promise<string> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (!done()) return;
        changed.delete(look);
        resolve(text);
      };
      changed.add(look);
      look();
    });
  return {
    store,
    socket,
    send: (lines) => socket.write(Buffer.from(lines.replaceAll("\n", "\r\n"), "latin1")),
    received: (pattern) => until(() => pattern.test(text) || ended),
    closed: () => until(() => ended),
  };
}

test("one connection serves one request after the other, also after errors", async (t) => {
  const wire = await open(t);
  wire.send("GET /ping HTTP/1.1\n\n");
  await wire.received(/OK$/);
  wire.send("GET /buckets/b/keys/nosuch HTTP/1.1\nHost: localhost\n\n");
  assert.match(await wire.received(/not found\n$/), /HTTP\/1.1 404 Object Not Found\r\n/);
  wire.send("GET /buckets/b/keys/k?r=abc HTTP/1.1\n\n");
  assert.match(await wire.received(/or 'all'\n$/), /HTTP\/1.1 400 Bad Request\r\n/);
  wire.send("GET http://127.0.0.1:8098/ping HTTP/1.1\n\n");
  await wire.received(/OK$/);
});

test("pipelined requests are answered in order, and a read sees the write before it", async (t) => {
  const wire = await open(t);
  const put = (value: string): string =>
    `PUT /riak/b/k HTTP/1.1\nContent-Type: text/plain\nContent-Length: 1\n\n${value}`;
  const get = "GET /riak/b/k HTTP/1.1\n\n";
  wire.send(`${put("1")}${get}${put("2")}${get}GET /ping HTTP/1.1\n\n`);
  const statuses = [...(await wire.received(/OK$/)).matchAll(/HTTP\/1.1 (\d+)|\r\n\r\n(\d)/g)];
  assert.deepEqual(
    statuses.map(([, status, value]) => status ?? value),
    ["204", "200", "1", "204", "200", "2", "200"],
  );
});

test("names of headers are written as Riak writes them", async (t) => {
  const wire = await open(t);
  wire.send(
    "PUT /riak/b/k HTTP/1.1\nContent-Type: text/plain\nx-riak-meta-mixedCase: ü\nX-Riak-Index-Name_bin: a\nContent-Length: 1\n\n1",
  );
  await wire.received(/\r\n\r\n$/);
  wire.send("GET /riak/b/k HTTP/1.1\n\n");
  const answer = await wire.received(/\r\n\r\n1$/);
  for (const line of [
    /\r\nX-Riak-Vclock: /,
    /\r\nETag: "/,
    /\r\nLast-Modified: /,
    /\r\nLink: /,
    /\r\nX-Riak-Meta-Mixedcase: ü\r\n/,
    /\r\nx-riak-index-name_bin: a\r\n/,
    /\r\nContent-Length: 1\r\n/,
  ]) {
    assert.match(answer, line);
  }
  assert.doesNotMatch(answer, /204 No Content\r\n[^\0]*Content-Length[^\0]*200 OK/);
});

test("bodies come chunked, after Expect, or not at all", async (t) => {
  const wire = await open(t);
  wire.send(
    "PUT /riak/b/chunked HTTP/1.1\nContent-Type: text/plain\nTransfer-Encoding: chunked\n\n4\nWiki\n5\npedia\n0\n\n",
  );
  await wire.received(/204 No Content/);
  wire.send(
    "PUT /riak/b/expect HTTP/1.1\nContent-Type: text/plain\nContent-Length: 3\nExpect: 100-continue\n\n",
  );
  await wire.received(/100 Continue/);
  wire.send("abc");
  await wire.received(/100 Continue[^\0]*204 No Content/);
  wire.send("PUT /riak/b/empty HTTP/1.1\nContent-Type: text/plain\n\nGET /ping HTTP/1.1\n\n");
  await wire.received(/OK$/);
  const read = async (key: string): Promise<string> =>
    Buffer.from((await wire.store.send(`GET /riak/b/${key}`)).body).toString();
  assert.deepEqual(
    [await read("chunked"), await read("expect"), await read("empty")],
    ["Wikipedia", "abc", ""],
  );
});

test("a list of keys is streamed in chunks", async (t) => {
  const wire = await open(t);
  await wire.store.send("PUT /riak/b/k", JSON_BODY, "1");
  wire.send("GET /buckets/b/keys?keys=stream HTTP/1.1\n\n");
  const answer = await wire.received(/\r\n0\r\n\r\n$/);
  assert.match(answer, /Transfer-Encoding: chunked\r\n/);
  assert.match(answer, /f\r\n\{"keys":\["k"\]\}|e\r\n\{"keys":\["k"\]\}/);
});

test("HTTP/1.0 and Connection: close end the connection", async (t) => {
  const wire = await open(t);
  wire.send("GET /ping HTTP/1.0\n\n");
  assert.match(await wire.closed(), /OK$/);
});

test("methods that nothing has are answered 501, those that objects have not 405", async (t) => {
  const wire = await open(t);
  wire.send("PATCH /buckets/b/keys/k HTTP/1.1\nContent-Length: 1\n\n1");
  assert.match(
    await wire.received(/<\/html>$/),
    /501 Not Implemented[^\0]+does not support the "PATCH" method/,
  );
  wire.send("OPTIONS /buckets/b/keys/k HTTP/1.1\n\n");
  assert.match(await wire.received(/405 Method[^\0]+<\/html>$/), /Allow: HEAD, GET, POST, PUT, DELETE\r\n/);
});

test("a body over the limit is answered with its size and the connection ends", async (t) => {
  const wire = await open(t, { maxObjectBytes: 1000 });
  const body = "x".repeat(1500);
  wire.send(`PUT /riak/b/k HTTP/1.1\nContent-Type: text/plain\nContent-Length: 1500\n\n${body}`);
  assert.match(await wire.closed(), /500 Internal Server Error[^\0]+Error:\n\{too_large,1500\}\n$/);
});

test("a body without end is not read to the end", async (t) => {
  const wire = await open(t, { maxObjectBytes: 1000 });
  wire.send("PUT /riak/b/k HTTP/1.1\nContent-Type: text/plain\nContent-Length: 1000000000\n\n");
  wire.send("x".repeat(5000));
  assert.match(await wire.received(/too_large,\d+\}\n$/), /500 Internal Server Error/);
});

test("a client that leaves in the middle of a body disturbs nobody", async (t) => {
  const wire = await open(t);
  wire.send("PUT /riak/b/short HTTP/1.1\nContent-Type: text/plain\nContent-Length: 10\n\nabc");
  wire.socket.destroy();
  await wire.closed();
  assert.equal((await wire.store.send("GET /riak/b/short")).status, 404);
  assert.equal((await wire.store.send("PUT /riak/b/other", JSON_BODY, "1")).status, 204);
});

test("web pages that a browser on the machine shows have no access", async (t) => {
  const write = (headers: string) =>
    `POST /riak/xmpp/k HTTP/1.1\nContent-Type: text/plain\n${headers}\nContent-Length: 2\n\n{}`;
  for (const headers of [
    "Host: 127.0.0.1:8098\nOrigin: http://evil.example",
    "Host: 127.0.0.1:8098\nOrigin: null",
    "Host: 127.0.0.1:8098\nSec-Fetch-Site: cross-site",
    "Host: evil.example:8098",
  ]) {
    const wire = await open(t);
    wire.send(write(headers));
    assert.match(await wire.closed(), /^HTTP\/1\.1 403 /, headers);
    wire.socket.destroy();
  }
  const wire = await open(t);
  wire.send("GET /riak/xmpp/k HTTP/1.1\nHost: localhost:8098\nSec-Fetch-Site: none\n\n");
  await wire.received(/^HTTP\/1\.1 404 /);
});

test("bytes that are no HTTP are refused", async (t) => {
  const wire = await open(t);
  wire.send("HELLO\n\n");
  assert.match(await wire.closed(), /^HTTP\/1.1 400 /);
});

test("close ends idle connections and frees the port", async (t) => {
  const wire = await open(t);
  wire.send("GET /ping HTTP/1.1\n\n");
  await wire.received(/OK$/);
  await wire.store.riak.close();
  await wire.closed();
});

test("a port that is taken is an error of listen", async (t) => {
  const wire = await open(t);
  const { remotePort } = wire.socket;
  await assert.rejects(wire.store.riak.listen({ host: "127.0.0.1", port: remotePort! }), {
    code: "EADDRINUSE",
  });
});
