import { NOT_ACCEPTABLE_PAGE, NOT_FOUND_TEXT } from "./pages.ts";
import { JSON_BODY, type Step, type Story } from "./story.ts";

const write = (method: string, path: string, body: string, rest: Partial<Step> = {}): Step => ({
  send: `${method} ${path}`,
  headers: JSON_BODY,
  body,
  status: 204,
  ...rest,
});

/** Recording, sections 3, 4c and 8: what writes are answered, and what is refused. */
export const writeStories: readonly Story[] = [
  {
    title: "PUT and POST with a key answer 204, with returnbody 200, never 201",
    steps: [
      write("PUT", "/buckets/$B/keys/k1", '{"v":1}', { expect: { "content-length": null, etag: null } }),
      write("PUT", "/buckets/$B/keys/k1?returnbody=true", '{"v":2}', { status: 200, text: '{"v":2}' }),
      write("PUT", "/buckets/$B/keys/k2?returnbody=true", '{"v":1}', { status: 200 }),
      write("POST", "/buckets/$B/keys/k3", '{"v":1}'),
      write("POST", "/buckets/$B/keys/k3?returnbody=true", '{"v":2}', { status: 200, text: '{"v":2}' }),
      write("PUT", "/buckets/$B/keys/k2?returnbody=1", '{"v":5}'),
      write("PUT", "/buckets/$B/keys/k2?returnbody=TRUE", '{"v":5}'),
    ],
  },
  {
    title: "POST without a key answers 201 and where the object is, in the style of the request",
    steps: [
      write("POST", "/buckets/$B/keys", '{"v":"auto"}', {
        status: 201,
        expect: { location: /^\/buckets\/[^/]+\/keys\/[0-9A-Za-z]{20,30}$/, "content-length": "0" },
        text: "",
        save: { location: "location" },
      }),
      { send: "GET $location", status: 200, text: '{"v":"auto"}' },
      write("POST", "/buckets/$B/keys?returnbody=true", '{"v":"auto2"}', {
        status: 201,
        expect: { location: /^\/buckets\//, etag: /./, "x-riak-vclock": /./ },
        text: '{"v":"auto2"}',
      }),
      write("POST", "/riak/$B", '{"auto":1}', {
        status: 201,
        expect: { location: /^\/riak\/[^/]+\/[0-9A-Za-z]{20,30}$/ },
      }),
      write("POST", "/types/mult/buckets/$B/keys", '{"v":"auto3"}', {
        status: 201,
        expect: { location: /^\/types\/mult\/buckets\/[^/]+\/keys\/[0-9A-Za-z]{20,30}$/ },
      }),
      write("POST", "/buckets/$B/keys", "", { status: 201 }),
      write("PUT", "/buckets/$B/keys", '{"v":1}', { status: 405 }),
    ],
  },
  {
    title: "without siblings the last writer wins, however old its context",
    steps: [
      write("PUT", "/buckets/$B/keys/k1?returnbody=true", '{"v":1}', {
        status: 200,
        save: { old: "x-riak-vclock" },
      }),
      write("PUT", "/buckets/$B/keys/k1", '{"v":2}', {
        headers: { ...JSON_BODY, "x-riak-vclock": "$old" },
      }),
      write("PUT", "/buckets/$B/keys/k1", '{"v":"stale writer"}', {
        headers: { ...JSON_BODY, "x-riak-vclock": "$old" },
      }),
      { send: "GET /buckets/$B/keys/k1", status: 200, text: '{"v":"stale writer"}' },
      { send: "DELETE /buckets/$B/keys/k1", headers: { "x-riak-vclock": "$old" }, status: 204 },
      {
        send: "GET /buckets/$B/keys/k1",
        status: 404,
        expect: { "x-riak-vclock": /./, "x-riak-deleted": "true", "content-type": "text/plain" },
        text: NOT_FOUND_TEXT,
      },
      {
        send: "GET /buckets/$B/keys/k1",
        after: 4000,
        status: 404,
        expect: { "x-riak-vclock": null, "x-riak-deleted": null },
        text: NOT_FOUND_TEXT,
      },
      write("PUT", "/buckets/$B/keys/d2", '{"v":1}'),
      { send: "DELETE /buckets/$B/keys/d2", status: 204 },
      write("PUT", "/buckets/$B/keys/d2", '{"v":2}'),
      { send: "GET /buckets/$B/keys/d2", status: 200, text: '{"v":2}' },
      { send: "GET /buckets/$B/keys/d2", after: 4000, status: 200, text: '{"v":2}' },
    ],
  },
  {
    title: "DELETE answers 204, and 404 without a context where there is nothing or only a tombstone",
    steps: [
      write("PUT", "/buckets/$B/keys/k3", '{"v":1}'),
      {
        send: "DELETE /buckets/$B/keys/k3",
        status: 204,
        expect: { "content-type": "text/html", vary: "Accept-Encoding", "content-length": null },
      },
      ...["k3", "never"].map((key) => ({
        send: `DELETE /buckets/$B/keys/${key}`,
        status: 404,
        expect: { vary: "Accept-Encoding", "content-type": "text/plain", "x-riak-vclock": null },
        text: NOT_FOUND_TEXT,
      })),
    ],
  },
  {
    title: "a write needs a media type, and takes any",
    steps: [
      {
        send: "PUT /buckets/$B/keys/e1",
        body: '{"v":1}',
        status: 400,
        text: "Missing Content-Type request header",
      },
      write("PUT", "/buckets/$B/keys/e1", '{"v":1}', {
        headers: { "content-type": "nonsense" },
        status: 415,
        text: '"nonsense" is not a valid media type for the Content-type header.\n',
      }),
      write("PUT", "/buckets/$B/keys/e1?returnbody=true", '{"v":"é"}', {
        headers: { "content-type": "application/json; charset=utf-8" },
        status: 200,
        expect: { "content-type": "application/json; charset=utf-8", "content-length": "10" },
        text: '{"v":"é"}',
      }),
      {
        send: "GET /buckets/$B/keys/e1",
        headers: { accept: "application/json" },
        status: 200,
        expect: { "content-type": "application/json; charset=utf-8" },
      },
      write("PUT", "/buckets/$B/keys/e2", "{not json"),
      {
        send: "GET /buckets/$B/keys/e2",
        headers: { accept: "text/plain" },
        status: 406,
        text: NOT_ACCEPTABLE_PAGE,
      },
      { send: "GET /buckets/$B/keys/e2", headers: { accept: ";;;" }, status: 406 },
      write("PUT", "/buckets/$B/keys/e3", ""),
      { send: "GET /buckets/$B/keys/e3", status: 200, expect: { "content-length": "0" }, text: "" },
    ],
  },
  {
    title: "the only type on offer to a writer is its own",
    steps: [
      ...["multipart/mixed", "text/plain"].map((accept) =>
        write("PUT", "/buckets/$B/keys/a1", '{"v":4}', {
          headers: { ...JSON_BODY, accept },
          status: 406,
          text: NOT_ACCEPTABLE_PAGE,
        }),
      ),
      { send: "GET /buckets/$B/keys/a1", status: 404 },
    ],
  },
  {
    title: "a context that is none is an error, on PUT and on DELETE",
    steps: [
      write("PUT", "/buckets/$B/keys/e4", '{"v":1}'),
      ...["garbage!", "aGVsbG8gd29ybGQ=", ""].map((vclock) =>
        write("PUT", "/buckets/$B/keys/e4", '{"v":2}', {
          headers: { ...JSON_BODY, "x-riak-vclock": vclock },
          status: 500,
          expect: { "content-type": "text/html" },
        }),
      ),
      { send: "DELETE /buckets/$B/keys/e4", headers: { "x-riak-vclock": "!!!" }, status: 500 },
      { send: "GET /buckets/$B/keys/e4", status: 200, text: '{"v":1}' },
    ],
  },
  {
    title: "the parameters of a cluster are checked",
    steps: [
      write("PUT", "/buckets/$B/keys/e1", '{"v":1}'),
      ...["r=2", "r=quorum&pr=1&basic_quorum=true&notfound_ok=false", "r=0", "r=-1", "pr=3"].map((query) => ({
        send: `GET /buckets/$B/keys/e1?${query}`,
        status: 200,
        text: '{"v":1}',
      })),
      {
        send: "GET /buckets/$B/keys/e1?r=abc",
        status: 400,
        expect: { "content-type": "text/plain" },
        text: "r query parameter must be an integer or one of the following words: 'one', 'quorum' or 'all'\n",
      },
      ...["r=4", "pr=4"].map((query) => ({
        send: `GET /buckets/$B/keys/e1?${query}`,
        status: 400,
        expect: { "content-type": null },
        text: "Specified w/dw/pw/node_confirms values invalid for bucket n value of 3\n",
      })),
      {
        send: "GET /buckets/$B/keys/e1?node_confirms=2",
        status: 500,
        text: "Error:\n{insufficient_nodes,1,need,2}\n",
      },
      ...["w=quorum&dw=1&timeout=1000", "w=all&pw=all&dw=all", "sync_on_write=one"].map((query) =>
        write("PUT", `/buckets/$B/keys/e5?${query}`, '{"v":1}'),
      ),
      ...["w=4", "pw=4"].map((query) =>
        write("PUT", `/buckets/$B/keys/e5?${query}`, '{"v":1}', {
          status: 400,
          expect: { "content-type": "application/json" },
          text: "Specified w/dw/pw/node_confirms values invalid for bucket n value of 3\n",
        }),
      ),
      write("PUT", "/buckets/$B/keys/e5?w=many", '{"v":1}', { status: 400, text: /^w query parameter must/ }),
      write("PUT", "/buckets/$B/keys/e5?notfound_ok=maybe", '{"v":1}', {
        status: 400,
        text: "notfound_ok query parameter must be true or false\n",
      }),
      write("PUT", "/buckets/$B/keys/e5?sync_on_write=bogus", '{"v":1}', { status: 400 }),
      write("PUT", "/buckets/$B/keys/e5?timeout=abc", '{"v":1}', {
        status: 400,
        text: 'Bad timeout value "abc"\n',
      }),
      { send: "GET /buckets/$B/keys/e1?frobnicate=1", status: 200 },
    ],
  },
  {
    title: "a write that not enough nodes confirmed is answered 503 and made all the same",
    steps: [
      write("PUT", "/buckets/$B/keys/e6?node_confirms=2", '{"v":"unconfirmed"}', {
        status: 503,
        text: "node_confirms-value unsatisfied: 1/2\n",
      }),
      { send: "GET /buckets/$B/keys/e6", status: 200, text: '{"v":"unconfirmed"}' },
    ],
  },
  {
    title: "a bucket type that does not exist is text where an object is meant and a page elsewhere",
    steps: [
      { send: "GET /types/nosuch/buckets/b/keys/k", status: 404, text: "Unknown bucket type: nosuch" },
      write("PUT", "/types/nosuch/buckets/b/keys/k", "1", {
        status: 404,
        text: "Unknown bucket type: nosuch",
      }),
      ...["/types/nosuch/buckets/b/keys?keys=true", "/types/nosuch/props"].map((path) => ({
        send: `GET ${path}`,
        status: 404,
        expect: { "content-type": "text/html", vary: "Accept-Encoding" },
      })),
    ],
  },
  {
    title: "a content encoding is kept and comes back",
    steps: [
      write("PUT", "/buckets/$B/keys/gz2", "compressed", {
        headers: { ...JSON_BODY, "content-encoding": "gzip" },
      }),
      {
        send: "GET /buckets/$B/keys/gz2",
        headers: { "accept-encoding": "gzip" },
        status: 200,
        expect: { "content-encoding": "gzip" },
        text: "compressed",
      },
    ],
  },
];
