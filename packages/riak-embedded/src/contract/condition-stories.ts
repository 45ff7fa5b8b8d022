import { CONFLICT_PAGE, PRECONDITION_PAGE } from "./pages.ts";
import { JSON_BODY, type Step, type Story } from "./story.ts";

const KEY = "/buckets/$B/keys/c1";
const LONG_AGO = "Mon, 01 Jan 2001 00:00:00 GMT";

const put = (headers: Record<string, string>, status: number, rest: Partial<Step> = {}): Step => ({
  send: `PUT ${KEY}`,
  headers: { ...JSON_BODY, ...headers },
  body: '{"v":"conditional"}',
  status,
  ...(status === 412 && { expect: { vary: "Accept-Encoding" }, text: PRECONDITION_PAGE }),
  ...(status === 409 && { expect: { vary: "Accept-Encoding" }, text: CONFLICT_PAGE }),
  ...rest,
});
const get = (headers: Record<string, string>, status: number, rest: Partial<Step> = {}): Step => ({
  send: `GET ${KEY}`,
  headers,
  status,
  ...rest,
});
const CREATE: Step = put({}, 204);
const READ: Step = get({}, 200, {
  save: { tag: "etag", context: "x-riak-vclock", modified: "last-modified", vtag: /(.)/ },
});
const SIBLINGS: Step = {
  send: "PUT /buckets/$B/props",
  headers: JSON_BODY,
  body: '{"props":{"allow_mult":true,"dvv_enabled":true}}',
  status: 204,
};

/** Recording, section 5. Unlike Riak's, the conditions are atomic here. */
export const conditionStories: readonly Story[] = [
  {
    title: "If-None-Match guards a PUT",
    steps: [
      put({ "if-none-match": "*" }, 204),
      put({ "if-none-match": "*" }, 412),
      READ,
      put({ "if-none-match": "$tag" }, 412),
      put({ "if-none-match": '"other"' }, 204),
    ],
  },
  {
    title: "If-Match guards a PUT: quoted tags, lists, any",
    steps: [
      put({ "if-match": "*" }, 412),
      put({ "if-match": '"x"' }, 412),
      CREATE,
      READ,
      put({ "if-match": "unquoted" }, 412),
      put({ "if-match": "$tag" }, 204),
      put({ "if-match": "$tag" }, 412),
      READ,
      put({ "if-match": '"nonsense", $tag' }, 204),
      put({ "if-match": "*" }, 204),
    ],
  },
  {
    title: "If-Unmodified-Since guards a PUT, to the second",
    steps: [
      CREATE,
      READ,
      put({ "if-unmodified-since": "$modified" }, 204),
      put({ "if-unmodified-since": LONG_AGO }, 412),
      put({ "if-unmodified-since": "never" }, 204),
    ],
  },
  {
    title: "X-Riak-If-Not-Modified guards a PUT by its context",
    steps: [
      CREATE,
      READ,
      put({ "x-riak-if-not-modified": "$context", "x-riak-vclock": "$context" }, 204),
      put({ "x-riak-if-not-modified": "$context", "x-riak-vclock": "$context" }, 409),
      {
        ...put({ "x-riak-if-not-modified": "$context" }, 409),
        send: "PUT /buckets/$B/keys/missing",
      },
      put({ "x-riak-if-not-modified": "garbage!" }, 204),
      { ...put({ "x-riak-if-not-modified": "$context" }, 204), send: `POST ${KEY}` },
      { send: `DELETE ${KEY}`, headers: { "x-riak-if-not-modified": "$context" }, status: 204 },
    ],
  },
  {
    title: "POST obeys If-None-Match where it has a key",
    steps: [
      CREATE,
      { ...put({ "if-none-match": "*" }, 412), send: `POST ${KEY}` },
      { ...put({ "if-none-match": "*" }, 201), send: "POST /buckets/$B/keys" },
    ],
  },
  {
    title: "a GET of what is known already answers 304",
    steps: [
      CREATE,
      READ,
      ...["$tag", "W/$tag", "*", '"a", $tag'].map((list) =>
        get({ "if-none-match": list }, 304, {
          expect: { etag: "$tag", vary: "Accept-Encoding", "content-type": null, "x-riak-vclock": null },
          text: "",
        }),
      ),
      get({ "if-none-match": '"other"' }, 200, { text: '{"v":"conditional"}' }),
      get({ "if-match": '"other"' }, 412, { text: PRECONDITION_PAGE }),
      get({ "if-modified-since": "$modified" }, 304),
      get({ "if-modified-since": LONG_AGO }, 200),
      get({ "if-modified-since": "Fri, 01 Jan 2100 00:00:00 GMT" }, 200),
      { send: `HEAD ${KEY}`, headers: { "if-none-match": "$tag" }, status: 304 },
    ],
  },
  {
    title: "conditions guard a DELETE",
    steps: [
      CREATE,
      { send: `DELETE ${KEY}`, headers: { "if-match": '"other"' }, status: 412, text: PRECONDITION_PAGE },
      { send: `DELETE ${KEY}`, headers: { "if-none-match": "*" }, status: 412 },
      get({}, 200),
    ],
  },
  {
    title: "a tombstone counts as missing",
    steps: [
      CREATE,
      { send: `DELETE ${KEY}`, status: 204 },
      get({}, 404, { save: { context: "x-riak-vclock" } }),
      put({ "x-riak-if-not-modified": "$context", "x-riak-vclock": "$context" }, 409),
      put({ "if-match": "*" }, 412),
      put({ "if-none-match": "*" }, 204),
    ],
  },
  {
    title: "an object with siblings has a tag and a context to put in conditions",
    steps: [
      SIBLINGS,
      CREATE,
      CREATE,
      get({}, 300, { save: { tag: "etag", context: "x-riak-vclock" } }),
      put({ "if-match": "$tag", "x-riak-vclock": "$context" }, 204),
      get({}, 200),
      put({ "if-none-match": "*" }, 412),
      CREATE,
      get({}, 300, { save: { context: "x-riak-vclock" } }),
      put({ "x-riak-if-not-modified": "$context", "x-riak-vclock": "$context" }, 204),
      READ,
    ],
  },
  {
    title: "If-Match does not stand in for the context",
    steps: [SIBLINGS, CREATE, READ, put({ "if-match": "$tag" }, 204), get({}, 300)],
  },
];
