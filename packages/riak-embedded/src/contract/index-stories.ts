import { JSON_BODY, type Step, type Story } from "./story.ts";

const put = (key: string, headers: Record<string, string>, rest: Partial<Step> = {}): Step => ({
  send: `PUT /buckets/$B/keys/${key}`,
  headers: { ...JSON_BODY, ...headers },
  body: "{}",
  status: 204,
  ...rest,
});
const query = (path: string, text: string | RegExp, rest: Partial<Step> = {}): Step => ({
  send: `GET /buckets/$B/index/${path}`,
  status: 200,
  text,
  ...rest,
});

const PEOPLE: readonly Step[] = [
  put("u1", {
    "x-riak-index-name_bin": "alpha",
    "x-riak-index-age_int": "20, 21",
    "x-riak-index-tags_bin": "red, green,blue",
  }),
  put("u2", { "x-riak-index-name_bin": "bravo", "x-riak-index-age_int": "30" }),
  put("u3", { "x-riak-index-name_bin": "charlie", "x-riak-index-age_int": "31" }),
  put("u4", { "x-riak-index-name_bin": "delta" }),
  put("u5", { "x-riak-index-name_bin": "echo", "x-riak-index-age_int": "-7" }),
  put("u6", { "x-riak-index-name_bin": "alpha" }),
];

/** Recording, section 6. Results are sorted here also where Riak's are in no order. */
export const indexStories: readonly Story[] = [
  {
    title: "metadata comes back, index headers too",
    steps: [
      put("u1", {
        "x-riak-meta-owner": "Juliet",
        "x-riak-meta-mixedcase": "\xc3\xbcn\xc3\xaf",
        "x-riak-meta-empty": "",
        "x-riak-index-name_bin": "alpha",
        "x-riak-index-age_int": "20, 21",
        "x-riak-index-tags_bin": "red, green,blue",
      }),
      {
        send: "GET /buckets/$B/keys/u1",
        status: 200,
        expect: {
          "x-riak-meta-owner": "Juliet",
          "x-riak-meta-mixedcase": "\xc3\xbcn\xc3\xaf",
          "x-riak-meta-empty": "",
          "x-riak-index-name_bin": "alpha",
          "x-riak-index-age_int": "20, 21",
          "x-riak-index-tags_bin": /^(red, green,blue|green,blue, red)$/,
        },
      },
      put("u1", {}),
      {
        send: "GET /buckets/$B/keys/u1",
        status: 200,
        expect: { "x-riak-meta-owner": null, "x-riak-index-name_bin": null },
      },
    ],
  },
  {
    title: "an index finds by equality and by range",
    steps: [
      ...PEOPLE,
      query("name_bin/alpha", /^\{"keys":\["u[16]","u[16]"\]\}$/),
      query("Name_bin/alpha", /^\{"keys":\["u[16]","u[16]"\]\}$/),
      query("age_int/30", '{"keys":["u2"]}'),
      query("tags_bin/green,blue", '{"keys":["u1"]}'),
      query("name_bin/a/c~", '{"keys":["u1","u6","u2","u3"]}'),
      query("age_int/-10/20?return_terms=true", '{"results":[{"-7":"u5"},{"20":"u1"}]}'),
      query(
        "age_int/20/31?return_terms=true",
        '{"results":[{"20":"u1"},{"21":"u1"},{"30":"u2"},{"31":"u3"}]}',
      ),
      query("name_bin/nothing", '{"keys":[]}'),
      query("nosuch_bin/x", '{"keys":[]}'),
      query("name_bin/z/a", '{"keys":[]}'),
      query("$key/u1/u3", /^\{"keys":\["u\d","u\d","u\d"\]\}$/),
      query("$bucket/_", /^\{"keys":\["u1","u2","u3","u4","u5","u6"\]\}$/),
    ],
  },
  {
    title: "a page ends with where the next one begins, also the last full one",
    steps: [
      ...PEOPLE,
      query("name_bin/a/z?max_results=2", /^\{"keys":\["u1","u6"\],"continuation":"[^"]+"\}$/, {
        save: { next: /"continuation":"([^"]+)"/ },
      }),
      query("name_bin/a/z?max_results=2&continuation=$next", /^\{"keys":\["u2","u3"\],"continuation":/, {
        save: { next: /"continuation":"([^"]+)"/ },
      }),
      query("name_bin/a/z?max_results=2&continuation=$next", /^\{"keys":\["u4","u5"\],"continuation":/, {
        save: { next: /"continuation":"([^"]+)"/ },
      }),
      query("name_bin/a/z?max_results=2&continuation=$next", '{"keys":[]}'),
      query(
        "name_bin/a/z?max_results=2&return_terms=true",
        /^\{"results":\[\{"alpha":"u1"\},\{"alpha":"u6"\}\],"continuation":"[^"]+"\}$/,
      ),
      query("$bucket/_?max_results=4", /^\{"keys":\["u1","u2","u3","u4"\],"continuation":/, {
        save: { next: /"continuation":"([^"]+)"/ },
      }),
      query("$bucket/_?max_results=4&continuation=$next", '{"keys":["u5","u6"]}'),
    ],
  },
  {
    title: "entries go with the value and with the object, the key stays while there is a tombstone",
    steps: [
      ...PEOPLE,
      put("u1", {}),
      query("name_bin/alpha", '{"keys":["u6"]}'),
      { send: "DELETE /buckets/$B/keys/u6", status: 204 },
      query("name_bin/alpha", '{"keys":[]}'),
      query("$bucket/_", /"u6"/),
      query("$bucket/_", /^\{"keys":\["u1","u2","u3","u4","u5"\]\}$/, { after: 4000 }),
    ],
  },
  {
    title: "index values are UTF-8",
    steps: [
      put("u8", { "x-riak-index-name_bin": "z\xc3\xbcrich stra\xc3\x9fe" }),
      query("name_bin/z%C3%BCrich%20stra%C3%9Fe", '{"keys":["u8"]}'),
    ],
  },
  {
    title: "queries and entries that make no sense are refused",
    steps: [
      query("nosuffix/x", 'Invalid query: {unknown_field_type,<<"nosuffix">>}\n', { status: 400 }),
      query("age_int/abc", 'Invalid query: {field_parsing_failed,{<<"age_int">>,<<"abc">>}}\n', {
        status: 400,
      }),
      query("name_bin/a/z?max_results=0", 'Invalid "max_results". 0 is not a positive integer', {
        status: 400,
      }),
      query("name_bin/a/z?max_results=2&continuation=zzz", /./, { status: 500 }),
      put(
        "bad",
        { "x-riak-index-foo": "1" },
        { status: 400, text: "Unknown field type for field: 'foo'.\n" },
      ),
      put(
        "bad",
        { "x-riak-index-foo_int": "abc" },
        { status: 400, text: "Could not parse field 'foo_int', value 'abc'.\n" },
      ),
    ],
  },
];
