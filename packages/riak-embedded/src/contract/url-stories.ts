import { NOT_ALLOWED_PAGE, NOT_FOUND_PAGE, NOT_FOUND_TEXT } from "./pages.ts";
import { JSON_BODY, type Story } from "./story.ts";

const FOUND = {
  vary: "Accept-Encoding",
  "content-type": "application/json",
  "content-length": "25",
  "last-modified": /^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/,
  etag: /^"[0-9A-Za-z]{18,24}"$/,
  "x-riak-vclock": /^[A-Za-z0-9+/]+=*$/,
};

/** Recording, sections 1, 2 and 8: liveness, the two URL styles, odd keys. */
export const urlStories: readonly Story[] = [
  {
    title: "/ping says OK to GET and HEAD and refuses POST",
    steps: [
      { send: "GET /ping", status: 200, expect: { "content-type": "text/html" }, text: "OK" },
      { send: "HEAD /ping", status: 200, expect: { "content-length": "2" }, text: "" },
      {
        send: "POST /ping",
        headers: JSON_BODY,
        body: "{}",
        status: 405,
        expect: { allow: "GET, HEAD" },
        text: NOT_ALLOWED_PAGE,
      },
    ],
  },
  {
    title: "/stats answers JSON, or text to those who want that",
    steps: [
      {
        send: "GET /stats",
        status: 200,
        expect: { "content-type": "application/json", vary: "Accept, Accept-Encoding" },
        text: /"node_gets_total": \d/,
      },
      {
        send: "GET /stats",
        headers: { accept: "text/plain" },
        status: 200,
        expect: { "content-type": "text/plain" },
      },
    ],
  },
  {
    title: "a path that leads nowhere is an html page, a key that is not there is text",
    steps: [
      {
        send: "GET /nosuch/path",
        status: 404,
        expect: { "content-type": "text/html" },
        text: NOT_FOUND_PAGE,
      },
      {
        send: "GET /riak/$B/test@test",
        status: 404,
        expect: { "content-type": "text/plain", "x-riak-vclock": null, vary: null },
        text: NOT_FOUND_TEXT,
      },
      {
        send: "GET /buckets/$B/keys/nosuch",
        headers: { accept: "application/json" },
        status: 404,
        text: NOT_FOUND_TEXT,
      },
      { send: "HEAD /buckets/$B/keys/nosuch", status: 404, expect: { "content-length": "10" }, text: "" },
      { send: "GET /buckets//keys/k", status: 404, text: NOT_FOUND_PAGE },
    ],
  },
  {
    title: "an object written at an old-style URL shows at every other one, and Link follows the style",
    steps: [
      {
        send: "POST /riak/$B/test@test",
        headers: JSON_BODY,
        body: '{"jid":"test@test","n":1}',
        status: 204,
        expect: {
          vary: "Accept-Encoding",
          "content-type": "application/json",
          "content-length": null,
          etag: null,
          "x-riak-vclock": null,
        },
        text: "",
      },
      {
        send: "GET /riak/$B/test@test",
        status: 200,
        expect: { ...FOUND, link: '</riak/$B>; rel="up"' },
        text: '{"jid":"test@test","n":1}',
        save: { tag: "etag", context: "x-riak-vclock" },
      },
      ...[
        "/buckets/$B/keys/test@test",
        "/buckets/$B/keys/test%40test",
        "/types/default/buckets/$B/keys/test@test",
        "//buckets/$B/keys/test@test/",
      ].map((path) => ({
        send: `GET ${path}`,
        status: 200,
        expect: { ...FOUND, etag: "$tag", "x-riak-vclock": "$context", link: '</buckets/$B>; rel="up"' },
        text: '{"jid":"test@test","n":1}',
      })),
      {
        send: "HEAD /riak/$B/test%40test",
        status: 200,
        expect: { ...FOUND, etag: "$tag" },
        text: "",
      },
      {
        send: "PUT /riak/$B/test@test",
        headers: { ...JSON_BODY, "x-riak-vclock": "$context" },
        body: '{"jid":"test@test","n":2}',
        status: 204,
      },
      {
        send: "PUT /riak/$B/test@test?returnbody=true",
        headers: JSON_BODY,
        body: '{"jid":"test@test","n":3}',
        status: 200,
        expect: { ...FOUND, link: '</riak/$B>; rel="up"' },
        text: '{"jid":"test@test","n":3}',
      },
    ],
  },
  {
    title: "an old-style bucket shows properties, keys, or both",
    steps: [
      { send: "PUT /riak/$B/only", headers: JSON_BODY, body: "1", status: 204 },
      { send: "GET /riak/$B", status: 200, text: /^\{"props":\{"name":"[^"]+",.*"young_vclock":20\}\}$/ },
      { send: "GET /riak/$B?props=false&keys=true", status: 200, text: '{"keys":["only"]}' },
      { send: "GET /riak/$B?keys=true", status: 200, text: /^\{"props":\{.*\},"keys":\["only"\]\}$/ },
      { send: "GET /riak?buckets=true", status: 200, text: /^\{"buckets":\[.*\]\}$/ },
      {
        send: "PUT /riak/$B",
        headers: JSON_BODY,
        body: '{"props":{"n_val":3}}',
        status: 204,
        expect: { "content-type": "application/json" },
      },
    ],
  },
  {
    title: "links are kept, come back in the style of the request, and the way up is no link",
    steps: [
      {
        send: "PUT /riak/$B/linked",
        headers: { ...JSON_BODY, link: '</riak/$B/test@test>; riaktag="friend", </riak/$B>; rel="up"' },
        body: '{"l":1}',
        status: 204,
      },
      {
        send: "GET /riak/$B/linked",
        status: 200,
        expect: { link: '</riak/$B/test%40test>; riaktag="friend", </riak/$B>; rel="up"' },
      },
      {
        send: "GET /buckets/$B/keys/linked",
        status: 200,
        expect: { link: '</buckets/$B/keys/test%40test>; riaktag="friend", </buckets/$B>; rel="up"' },
      },
      ...["nonsense", '<http://example.com/>; rel="next"'].map((link) => ({
        send: "PUT /buckets/$B/keys/linked",
        headers: { ...JSON_BODY, link },
        body: "1",
        status: 400,
        text: 'Invalid Link header. Links must be of the form\n</buckets/BUCKET/keys/KEY>; riaktag="TAG"\n',
      })),
    ],
  },
  {
    title: "a plus in a key is a space, and each percent sequence is decoded once",
    steps: [
      { send: "PUT /buckets/$B/keys/sp%20ace", headers: JSON_BODY, body: '"space"', status: 204 },
      { send: "GET /buckets/$B/keys/sp+ace", status: 200, text: '"space"' },
      { send: "PUT /buckets/$B/keys/1+1", headers: JSON_BODY, body: '"plus raw"', status: 204 },
      { send: "GET /buckets/$B/keys/1%2B1", status: 404 },
      { send: "GET /buckets/$B/keys/1%201", status: 200, text: '"plus raw"' },
      { send: "PUT /buckets/$B/keys/d%2540d", headers: JSON_BODY, body: '"double"', status: 204 },
      { send: "GET /buckets/$B/keys/d%40d", status: 404 },
      { send: "GET /buckets/$B/keys/bad%ZZ", status: 404, text: NOT_FOUND_TEXT },
    ],
  },
  {
    title: "keys may hold slashes, dots, zero bytes, UTF-8, anything",
    steps: [
      ...["a%2Fb%2Fc", "..", "nul%00x", "q%3Fx%23y", "z%C3%BCrich", "k".repeat(5000)].flatMap((key) => [
        {
          send: `PUT /buckets/$B/keys/${key}`,
          headers: JSON_BODY,
          body: '"odd"',
          status: 204,
        },
        { send: `GET /buckets/$B/keys/${key}`, status: 200, text: '"odd"' },
      ]),
      { send: "GET /buckets/$B/keys/z%c3%bcrich", status: 200, text: '"odd"' },
      { send: `GET /buckets/$B/keys/${"k".repeat(4999)}`, status: 404 },
      { send: "GET /buckets/$B/keys?keys=true", status: 200, text: /"a\/b\/c".*"k{5000}".*"zürich"/ },
    ],
  },
  {
    title: "a raw slash in a key is the link walker",
    steps: [
      {
        send: "PUT /buckets/$B/keys/a/b",
        headers: JSON_BODY,
        body: '"x"',
        status: 405,
        expect: { allow: "GET, HEAD, POST" },
      },
      { send: "GET /buckets/$B/keys/a/b", status: 400, text: /^Invalid link walk query submitted\./ },
    ],
  },
  {
    title: "an empty key is the list of keys",
    steps: [
      { send: "GET /buckets/$B/keys/", status: 200, text: "{}" },
      {
        send: "PUT /buckets/$B/keys/",
        headers: JSON_BODY,
        body: "1",
        status: 405,
        expect: { allow: "GET, HEAD" },
      },
    ],
  },
];
