/** For tests: answers of a Riak KV 3.2.2 node, as they came off the wire. */
import type { PeerAnswer } from "./scripted-peer.ts";

const SERVER = "Server: MochiWeb/3.0.0 WebMachine/7bdd27d (greased slide to failure)";
const DATE = "Date: Mon, 23 Nov 2026 00:49:47 GMT";

/** An answer with its length in bytes; line breaks of the head are CRLF on the wire. */
export function answer(status: string, headers: readonly string[], body?: string | Buffer): PeerAnswer {
  const bytes = body === undefined ? undefined : Buffer.from(body as string);
  const length = bytes === undefined ? [] : [`Content-Length: ${bytes.length}`];
  const head = [`HTTP/1.1 ${status}`, ...headers, SERVER, DATE, ...length, "", ""].join("\r\n");
  return { kind: "bytes", pieces: [bytes === undefined ? head : Buffer.concat([Buffer.from(head), bytes])] };
}

export const VCLOCK = "a85hYGBgzGDKBVI8ypz/fn7r/fYeIpTImMfKsJqz4glfFgA=";

export const recorded = {
  /** A GET of `{"v":1}`. */
  found: answer(
    "200 OK",
    [
      `X-Riak-Vclock: ${VCLOCK}`,
      "X-Riak-Meta-Owner: Juliet",
      "X-Riak-Meta-Mixedcase: \u00fcn\u00ef",
      "X-Riak-Meta-Empty: ",
      "x-riak-index-age_int: 20, 21",
      "Vary: Accept-Encoding",
      'Link: </buckets/mult>; rel="up"',
      "Last-Modified: Mon, 23 Nov 2026 00:49:47 GMT",
      'ETag: "6z9hSA7f0KCxwS5ph6d2ON"',
      "Content-Type: application/json",
    ],
    '{"v":1}',
  ),
  notFound: answer("404 Object Not Found", ["Content-Type: text/plain"], "not found\n"),
  tombstone: answer(
    "404 Object Not Found",
    [`X-Riak-Vclock: ${VCLOCK}`, "X-Riak-Deleted: true", "Content-Type: text/plain"],
    "not found\n",
  ),
  notModified: answer("304 Not Modified", ["Vary: Accept-Encoding", 'ETag: "6z9hSA7f0KCxwS5ph6d2ON"']),
  noContent: answer("204 No Content", ["Vary: Accept-Encoding", "Content-Type: text/html"]),
  /** Before the routes are there: anything at all, for about a second after the port opens. */
  noRoute: answer(
    "404 Object Not Found",
    ["Content-Type: text/html"],
    "<HTML><HEAD><TITLE>404 Not Found</TITLE></HEAD><BODY><H1>Not Found</H1>The requested document was not found on this server.<P><HR><ADDRESS>mochiweb+webmachine web server</ADDRESS></BODY></HTML>",
  ),
  /** The next nine seconds, while /ping is fine. */
  insufficientVnodes: answer(
    "500 Internal Server Error",
    ["Content-Type: text/plain"],
    "Error:\n{insufficient_vnodes,0,need,2}\n",
  ),
  allNodesDown: answer(
    "500 Internal Server Error",
    ["Vary: Accept-Encoding", "Content-Type: text/plain"],
    "Error:\nall_nodes_down\n",
  ),
  tooLarge: answer(
    "500 Internal Server Error",
    ["Content-Type: text/plain"],
    "Error:\n{too_large,53000200}\n",
  ),
  stackTrace: answer(
    "500 Internal Server Error",
    ["Vary: Accept-Encoding", "Content-Type: text/html"],
    "<html><head><title>500 Internal Server Error</title></head><body><h1>Internal Server Error</h1>The server encountered an error while processing this request:<br><pre>{error,\n    {error,badarg,\n        [{base64,decode_list,5,</pre><P><HR><ADDRESS>mochiweb+webmachine web server</ADDRESS></body></html>",
  ),
  /** It is stored all the same. */
  unconfirmed: answer(
    "503 Service Unavailable",
    ["Vary: Accept-Encoding", "Content-Type: application/json"],
    "node_confirms-value unsatisfied: 1/2\n",
  ),
  timedOut: answer("503 Service Unavailable", ["Content-Type: text/plain"], "request timed out\n"),
  notAcceptable: answer(
    "406 Not Acceptable",
    ["Content-Type: text/html"],
    "<html><head><title>406 Not Acceptable</title></head><body><h1>Not Acceptable</h1><p><hr><address>mochiweb+webmachine web server</address></body></html>",
  ),
  badQuorum: answer(
    "400 Bad Request",
    ["Vary: Accept-Encoding", "Content-Type: application/json"],
    "Specified w/dw/pw/node_confirms values invalid for bucket n value of 3\n",
  ),
  unknownType: answer("404 Object Not Found", ["Content-Type: text/plain"], "Unknown bucket type: nosuch"),
  headersTooLarge: answer("431 Request Header Fields Too Large", [], ""),
  pong: answer("200 OK", ["Content-Type: text/html"], "OK"),
  siblingList: answer(
    "300 Multiple Choices",
    [
      `X-Riak-Vclock: ${VCLOCK}`,
      "Vary: Accept, Accept-Encoding",
      "Last-Modified: Mon, 23 Nov 2026 00:49:47 GMT",
      'ETag: "4kYRPfqn22iVzdemIno9OP"',
      "Content-Type: text/plain",
    ],
    "Siblings:\n6z9hSA7f0KCxwS5ph6d2ON\n6tnTxbmvwE4sA7TLR7OeFT\n",
  ),
  /** A tombstone and two values. */
  siblings: answer(
    "300 Multiple Choices",
    [
      `X-Riak-Vclock: ${VCLOCK}`,
      "Vary: Accept, Accept-Encoding",
      "Last-Modified: Mon, 23 Nov 2026 00:49:48 GMT",
      'ETag: "61sjj6WEbfSIEYaACZv0Pr"',
      "Content-Type: multipart/mixed; boundary=Mbv8sUt2NsBq4nIOFngEtTzbnEn",
    ],
    [
      "",
      "--Mbv8sUt2NsBq4nIOFngEtTzbnEn",
      "Content-Type: application/octet-stream",
      'Link: </buckets/mult>; rel="up"',
      "Etag: Voz5cn44qhehpE8KFLYI4",
      "Last-Modified: Mon, 23 Nov 2026 00:49:48 GMT",
      "X-Riak-Deleted: true",
      "",
      "",
      "--Mbv8sUt2NsBq4nIOFngEtTzbnEn",
      "Content-Type: application/json",
      'Link: </buckets/mult>; rel="up"',
      "Etag: 5jPTGtma7ltAsjorl59cGM",
      "Last-Modified: Mon, 23 Nov 2026 00:49:48 GMT",
      "",
      '{"v":"resolved"}',
      "--Mbv8sUt2NsBq4nIOFngEtTzbnEn",
      "Content-Type: application/json",
      'Link: </buckets/mult>; rel="up"',
      "Etag: 54Rb5SY0FcTSwCxYDVEAL",
      "Last-Modified: Mon, 23 Nov 2026 00:49:48 GMT",
      "X-Riak-Meta-Writer: friar",
      "",
      '{"v":"stale"}',
      "--Mbv8sUt2NsBq4nIOFngEtTzbnEn--",
      "",
    ].join("\r\n"),
  ),
  keysMissingVnodes: answer(
    "200 OK",
    ["Vary: Accept-Encoding", "Content-Type: application/json"],
    '{"error":"insufficient_vnodes_available"}',
  ),
  properties: answer(
    "200 OK",
    ["Vary: Accept-Encoding", "Content-Type: application/json"],
    '{"props":{"name":"idx","allow_mult":false,"basic_quorum":false,"dvv_enabled":false,"dw":"quorum","last_write_wins":false,"n_val":3,"r":"quorum","w":"quorum"}}',
  ),
} as const;

/** The 200 of a PUT with returnbody. */
export function returned(body: string): PeerAnswer {
  return answer(
    "200 OK",
    [
      `X-Riak-Vclock: ${VCLOCK}`,
      "Vary: Accept-Encoding",
      'Link: </buckets/nomult>; rel="up"',
      "Last-Modified: Mon, 23 Nov 2026 00:50:30 GMT",
      'ETag: "gdSAnye7O5B08gHmPtAsD"',
      "Content-Type: application/json",
    ],
    body,
  );
}

/** A chunked listing whose pieces end wherever they are told to. */
export function keyStream(pieces: readonly string[], ending = "0\r\n\r\n"): PeerAnswer {
  const head = [
    "HTTP/1.1 200 OK",
    "Vary: Accept-Encoding",
    "Transfer-Encoding: chunked",
    SERVER,
    DATE,
    "Content-Type: application/json",
    "",
    "",
  ].join("\r\n");
  const chunks = pieces.map((piece) => `${Buffer.byteLength(piece).toString(16)}\r\n${piece}\r\n`);
  return { kind: "bytes", pieces: [head, ...chunks, ending] };
}
