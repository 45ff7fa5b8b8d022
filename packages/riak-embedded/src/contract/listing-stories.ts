import { NOT_ACCEPTABLE_PAGE } from "./pages.ts";
import { JSON_BODY, type Step, type Story } from "./story.ts";

const PROPS = "/buckets/$B/props";
const put = (key: string): Step => ({
  send: `PUT /buckets/$B/keys/${key}`,
  headers: JSON_BODY,
  body: "1",
  status: 204,
});
const change = (body: string, rest: Partial<Step> = {}): Step => ({
  send: `PUT ${PROPS}`,
  headers: JSON_BODY,
  body,
  status: 204,
  ...rest,
});
const MUST_BE_OBJECT = 'bucket PUT must be a JSON object of the form:\n{"props":{...bucket properties...}}';

/** Recording, section 7. */
export const listingStories: readonly Story[] = [
  {
    title: "buckets that hold objects are listed, by type",
    steps: [
      put("k"),
      { send: "PUT /types/mult/buckets/$B/keys/k", headers: JSON_BODY, body: "1", status: 204 },
      { send: "GET /buckets?buckets=true", status: 200, text: /^\{"buckets":\[.*\]\}$/ },
      { send: "GET /types/mult/buckets?buckets=true", status: 200, text: /^\{"buckets":\[.*\]\}$/ },
      { send: "GET /buckets?buckets=stream", status: 200, text: /^(\{"buckets":\[[^\]]*\]\})+$/ },
      { send: "GET /buckets", status: 500 },
    ],
  },
  {
    title: "keys are listed in one piece or as a row of JSON objects",
    steps: [
      ...["u6", "u2", "u1"].map(put),
      { send: "GET /buckets/$B/keys?keys=true", status: 200, text: '{"keys":["u1","u2","u6"]}' },
      {
        send: "GET /buckets/$B/keys?keys=stream",
        status: 200,
        expect: { "content-type": "application/json" },
        text: /^(\{"keys":\[[^\]]*\]\})+$/,
      },
      { send: "GET /buckets/$B/keys", status: 200, text: "{}" },
      { send: "GET /buckets/$B/keys?keys=bogus", status: 200, text: "{}" },
      { send: "GET /buckets/$B-none/keys?keys=true", status: 200, text: '{"keys":[]}' },
      {
        send: "GET /buckets/$B/keys?keys=true",
        headers: { accept: "text/plain" },
        status: 406,
        text: NOT_ACCEPTABLE_PAGE,
      },
    ],
  },
  {
    title: "a new bucket has Riak's defaults, and DELETE of its properties brings them back",
    steps: [
      {
        send: `GET ${PROPS}`,
        status: 200,
        expect: { vary: "Accept-Encoding", "content-type": "application/json" },
        text: '{"props":{"name":"$B","allow_mult":false,"basic_quorum":false,"big_vclock":50,"chash_keyfun":{"mod":"riak_core_util","fun":"chash_std_keyfun"},"dvv_enabled":false,"dw":"quorum","last_write_wins":false,"linkfun":{"mod":"riak_kv_wm_link_walker","fun":"mapreduce_linkfun"},"n_val":3,"node_confirms":0,"notfound_ok":true,"old_vclock":86400,"postcommit":[],"pr":0,"precommit":[],"pw":0,"r":"quorum","rw":"quorum","small_vclock":50,"sync_on_write":"backend","w":"quorum","write_once":false,"young_vclock":20}}',
        save: { defaults: /^(.*)$/ },
      },
      change('{"props":{"allow_mult":true,"n_val":3,"last_write_wins":false,"r":"quorum","w":2}}', {
        expect: { "content-type": "application/json", vary: "Accept-Encoding" },
      }),
      { send: `GET ${PROPS}`, status: 200, text: /"allow_mult":true.*"w":2/ },
      {
        send: `DELETE ${PROPS}`,
        status: 204,
        expect: { "content-type": "application/json" },
      },
      { send: `GET ${PROPS}`, status: 200, text: "$defaults" },
    ],
  },
  {
    title: "properties that are wrong are refused, and nothing changes",
    steps: [
      ...[{ "content-type": "text/plain" }, {}].map((headers) =>
        change('{"props":{"allow_mult":true}}', { headers: headers as Record<string, string>, status: 415 }),
      ),
      change("nonsense", { status: 400, text: MUST_BE_OBJECT }),
      change('{"allow_mult":true}', { status: 400, text: MUST_BE_OBJECT }),
      change('{"props":{"madeup":17}}', { status: 500, expect: { "content-type": "text/html" } }),
      change('{"props":{"allow_mult":"maybe","n_val":"three"}}', {
        status: 400,
        expect: { "content-type": "application/json" },
        text: /^\{("n_val":"not_integer","allow_mult":"not_boolean"|"allow_mult":"not_boolean","n_val":"not_integer")\}$/,
      }),
      change('{"props":{"n_val":0}}', { status: 400, text: '{"n_val":"not_integer"}' }),
      { send: `GET ${PROPS}`, status: 200, text: /"allow_mult":false/ },
      change('{"props":{"allow_mult":false}}', {
        headers: { "content-type": "application/json; charset=utf-8" },
      }),
    ],
  },
  {
    title: "types have properties, which their buckets inherit",
    steps: [
      { send: "GET /types/mult/props", status: 200, text: /"dvv_enabled":true/ },
      { send: "GET /types/default/props", status: 200, text: /^\{"props":\{"allow_mult":false,/ },
      {
        send: "GET /types/mult/buckets/$B/props",
        status: 200,
        text: /^\{"props":\{"name":"[^"]+",.*"allow_mult":true/,
      },
      {
        send: "PUT /types/mult/props",
        headers: JSON_BODY,
        body: '{"props":{"n_val":3}}',
        status: 204,
      },
      {
        send: "PUT /types/mult/buckets/$B/props",
        headers: JSON_BODY,
        body: '{"props":{"allow_mult":true}}',
        status: 204,
      },
    ],
  },
];
