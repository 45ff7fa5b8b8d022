import { NOT_ACCEPTABLE_PAGE, NOT_FOUND_PAGE, NOT_FOUND_TEXT } from "./pages.ts";
import { JSON_BODY, type Step, type Story } from "./story.ts";

/** Recording, sections 4a and 4b: siblings and tombstones with `allow_mult=true`. */

const DVV = '{"props":{"allow_mult":true,"dvv_enabled":true}}';
const NO_DVV = '{"props":{"allow_mult":true,"dvv_enabled":false}}';

interface Place {
  readonly name: string;
  readonly keys: string;
  /** Makes the bucket what the recording had. */
  readonly prepare: readonly Step[];
  readonly dotted: boolean;
}

const properties = (body: string): Step[] => [
  { send: "PUT /buckets/$B/props", headers: JSON_BODY, body, status: 204 },
];

const PLACES: readonly Place[] = [
  { name: "of a bucket type", keys: "/types/mult/buckets/$B/keys", prepare: [], dotted: true },
  { name: "of the default type, with dvv", keys: "/buckets/$B/keys", prepare: properties(DVV), dotted: true },
  {
    name: "of the default type, without dvv",
    keys: "/buckets/$B/keys",
    prepare: properties(NO_DVV),
    dotted: false,
  },
];

export const siblingStories: readonly Story[] = PLACES.flatMap(storiesOf);

function storiesOf({ name, keys, prepare, dotted }: Place): Story[] {
  const put = (key: string, body: string, rest: Partial<Step> = {}): Step => ({
    send: `PUT ${keys}/${key}`,
    headers: JSON_BODY,
    body,
    status: 204,
    ...rest,
  });
  const seen = (context: string): Record<string, string> => ({ ...JSON_BODY, "x-riak-vclock": context });
  const get = (key: string, rest: Partial<Step>): Step => ({
    send: `GET ${keys}/${key}`,
    status: 200,
    ...rest,
  });
  const multipart = { accept: "multipart/mixed" };
  const list = (...tags: string[]): string => `Siblings:\n${tags.map((tag) => `${tag}\n`).join("")}`;

  return [
    {
      title: `a bucket ${name}: two writers without a context leave two siblings, listed or whole`,
      steps: [
        ...prepare,
        put("s1", '{"v":1}'),
        get("s1", { text: '{"v":1}', save: { quoted: "etag" } }),
        put("s1", '{"v":2}'),
        get("s1", {
          status: 300,
          expect: {
            vary: "Accept, Accept-Encoding",
            "content-type": "text/plain",
            "content-length": /^5\d$/,
            link: null,
            "x-riak-vclock": /./,
          },
          text: /^Siblings:\n\w+\n\w+\n$/,
          save: {
            context: "x-riak-vclock",
            tag: "etag",
            v1: /^Siblings:\n(\w+)\n/,
            v2: /^Siblings:\n\w+\n(\w+)\n/,
          },
        }),
        get("s1", {
          headers: multipart,
          status: 300,
          expect: { "content-type": /^multipart\/mixed; boundary=\w+$/, etag: "$tag" },
          text: /^\r\n--(\w+)\r\nContent-Type: application\/json\r\nLink: <\/buckets\/[^>]+>; rel="up"\r\nEtag: \w+\r\nLast-Modified: [^\r]+ GMT\r\n\r\n\{"v":1\}\r\n--\1\r\n[^{]+\{"v":2\}\r\n--\1--\r\n$/,
        }),
        get("s1", {
          headers: { accept: "*/*, multipart/mixed;q=0.5" },
          status: 300,
          expect: { "content-type": "text/plain" },
        }),
        get("s1", {
          headers: { accept: "application/json" },
          status: 406,
          expect: { "x-riak-vclock": null },
          text: NOT_ACCEPTABLE_PAGE,
        }),
        get("s1", {
          headers: { accept: "application/json, multipart/mixed" },
          status: 300,
          expect: { "content-type": /^multipart\/mixed; / },
        }),
        {
          send: `HEAD ${keys}/s1`,
          status: 300,
          expect: { etag: "$tag", "content-type": "text/plain" },
          text: "",
        },
        {
          send: `HEAD ${keys}/s1`,
          headers: multipart,
          status: 300,
          expect: { "content-length": /^\d\d\d$/ },
        },
        get("s1?vtag=$v1", { text: '{"v":1}', expect: { "x-riak-vclock": "$context", etag: '"$v1"' } }),
        get("s1?vtag=$v2", { text: '{"v":2}', expect: { "x-riak-vclock": "$context", etag: '"$v2"' } }),
        get("s1?vtag=bogus", {
          status: 404,
          expect: { vary: "Accept, Accept-Encoding", "content-type": "text/html" },
          text: NOT_FOUND_PAGE,
        }),
        get("s1", {
          headers: { "if-none-match": "$tag" },
          status: 304,
          expect: { etag: "$tag", vary: "Accept, Accept-Encoding", "content-type": null },
          text: "",
        }),
      ],
    },
    {
      title: `a bucket ${name}: a writer sees the siblings it made, and a later one settles them`,
      steps: [
        ...prepare,
        put("s1", '{"v":1}'),
        put("s1", '{"v":2}'),
        put("s1?returnbody=true", '{"v":3}', {
          status: 300,
          expect: { vary: "Accept-Encoding", "content-type": /^multipart\/mixed; boundary=\w+$/ },
          text: /\{"v":1\}[^{]+\{"v":2\}[^{]+\{"v":3\}/,
        }),
        put("s1?returnbody=true", '{"v":4}', {
          headers: { ...JSON_BODY, ...multipart },
          status: 406,
          text: NOT_ACCEPTABLE_PAGE,
        }),
        ...["application/json, text/plain", "application/json"].map((accept) =>
          put("s1?returnbody=true", '{"v":5}', {
            headers: { ...JSON_BODY, accept },
            status: 300,
            expect: { "content-type": "text/plain" },
            text: /^Siblings:\n(\w+\n){4,5}$/,
          }),
        ),
        get("s1", { status: 300, text: /^Siblings:\n(\w+\n){5}$/, save: { context: "x-riak-vclock" } }),
        put("s1?returnbody=true", '{"v":"resolved"}', {
          headers: seen("$context"),
          status: 200,
          expect: { link: '</buckets/$B>; rel="up"' },
          text: '{"v":"resolved"}',
          save: { resolved: "x-riak-vclock" },
        }),
        get("s1", { text: '{"v":"resolved"}', expect: { "x-riak-vclock": "$resolved" } }),
        put("s1", '{"v":"stale"}', { headers: seen("$context") }),
        get("s1", { status: 300, text: /^Siblings:\n\w+\n\w+\n$/ }),
        get("s1", { status: 300, headers: multipart, text: /"resolved"[^{]+\{"v":"stale"/ }),
      ],
    },
    {
      title: `a bucket ${name}: DELETE with an old context leaves a tombstone beside what its writer has not seen`,
      steps: [
        ...prepare,
        put("s1?returnbody=true", '{"v":"seen"}', { status: 200, save: { context: "x-riak-vclock" } }),
        put("s1", '{"v":"unseen"}'),
        { send: `DELETE ${keys}/s1`, headers: { "x-riak-vclock": "$context" }, status: 204 },
        get("s1", {
          status: 300,
          headers: multipart,
          text: dotted
            ? /^\r\n--\w+\r\nContent-Type: application\/json\r\n[^{]+\{"v":"unseen"\}\r\n--\w+\r\nContent-Type: application\/octet-stream\r\n[^\0]+X-Riak-Deleted: true\r\n\r\n\r\n--\w+--/
            : /"seen"[^\0]+"unseen"[^\0]+X-Riak-Deleted: true/,
          save: { grave: /octet-stream\r\nLink: [^\r]+\r\nEtag: (\w+)/ },
        }),
        get("s1?vtag=$grave", {
          expect: {
            "x-riak-deleted": "true",
            "content-type": "application/octet-stream",
            "content-length": "0",
          },
          text: "",
        }),
        { send: `DELETE ${keys}/s1`, status: 204 },
        get("s1", {
          status: 404,
          expect: { "x-riak-vclock": /./, "x-riak-deleted": "true", vary: null },
          text: NOT_FOUND_TEXT,
        }),
        get("s1?deletedvclock=true", { status: 404, expect: { "x-riak-deleted": "true" } }),
        { send: `HEAD ${keys}/s1`, status: 404, expect: { "x-riak-deleted": "true" }, text: "" },
        { send: `GET ${keys}?keys=true`, status: 200, text: '{"keys":["s1"]}' },
        get("s1", { after: 4000, status: 404, expect: { "x-riak-vclock": null, "x-riak-deleted": null } }),
        { send: `GET ${keys}?keys=true`, status: 200, text: '{"keys":[]}' },
      ],
    },
    {
      title: `a bucket ${name}: a value over a tombstone is clean with its context, and a sibling without`,
      steps: [
        ...prepare,
        put("s2", '{"v":1}'),
        { send: `DELETE ${keys}/s2`, status: 204 },
        put("s2", '{"v":"no context"}'),
        get("s2", { status: 300, save: { t: /^Siblings:\n(\w+)/, v: /^Siblings:\n\w+\n(\w+)/ } }),
        get("s2", { after: 4000, status: 300, text: list("$t", "$v") }),
        put("s3", '{"v":1}'),
        { send: `DELETE ${keys}/s3`, status: 204 },
        get("s3", { status: 404, save: { context: "x-riak-vclock" } }),
        put("s3", '{"v":"with context"}', { headers: seen("$context") }),
        get("s3", { text: '{"v":"with context"}' }),
        get("s3", { after: 4000, text: '{"v":"with context"}' }),
      ],
    },
    {
      title: `a bucket ${name}: two interleaved writers leave ${dotted ? "two" : "three"} siblings`,
      steps: [
        ...prepare,
        put("iw?returnbody=true", '"0"', { status: 200, save: { start: "x-riak-vclock" } }),
        put("iw?returnbody=true", '"a1"', {
          headers: seen("$start"),
          status: 200,
          save: { own: "x-riak-vclock" },
        }),
        put("iw?returnbody=true", '"b1"', { headers: seen("$start"), status: 300, text: /"a1"[^\0]+"b1"/ }),
        put("iw?returnbody=true", '"a2"', {
          headers: seen("$own"),
          status: 300,
          text: dotted ? /^(?![^\0]*"a1")[^\0]*"b1"[^\0]+"a2"/ : /"a1"[^\0]+"b1"[^\0]+"a2"/,
        }),
      ],
    },
    {
      title: `a bucket ${name}: the same value twice is two siblings`,
      steps: [
        ...prepare,
        put("same", '"same"'),
        put("same?returnbody=true", '"same"', { status: 300, text: /"same"[^\0]+"same"/ }),
      ],
    },
    {
      title: `a bucket ${name}: a context of another store has seen nothing here`,
      steps: [
        ...prepare,
        put("f", '"here"'),
        put("f", '"there"', { headers: seen("UkMxAAAAAAAAAAAABogWz0AABQ==") }),
        get("f", { status: 300 }),
      ],
    },
  ];
}
