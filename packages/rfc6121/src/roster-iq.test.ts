import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type BareJid, makeStanza, NS, type Stanza, serializeStanza } from "@rollcall/xmpp";
import { applyChanges, type ContactFacts, contactIn, emptyRoster } from "./roster.ts";
import type { RosterLimits } from "./roster-decisions.ts";
import { emptyResult, itemsXml, itemXml, parseRosterIq, removedItemXml, rosterResult } from "./roster-iq.ts";

const owner = "juliet@capulet.example" as BareJid;
const romeo = "romeo@montague.example" as BareJid;
const limits: RosterLimits = {
  maxItems: 10,
  maxGroupsPerItem: 3,
  maxNameBytes: 1023,
  maxPendingRequests: 10,
  maxRequestLength: 1000,
};

function iq(type: string, content: string, to?: string): Stanza {
  return makeStanza("iq", {
    type,
    id: "r1",
    from: `${owner}/balcony`,
    to,
    payload: content,
    childName: "query",
    childNamespace: NS.roster,
  });
}

function query(content: string): string {
  return `<query xmlns="jabber:iq:roster">${content}</query>`;
}

function parse(type: string, content: string, to?: string) {
  return parseRosterIq(iq(type, query(content), to), owner, limits);
}

function condition(type: string, content: string, to?: string): string {
  const request = parse(type, content, to);
  return request.kind === "refused" ? request.condition : request.kind;
}

describe("roster requests", () => {
  test("a get without ver, with one, and with an empty one", () => {
    assert.deepEqual(parse("get", ""), { kind: "get", version: undefined });
    for (const ver of ["", "14"]) {
      const request = parseRosterIq(
        iq("get", `<query xmlns="jabber:iq:roster" ver="${ver}"/>`),
        owner,
        limits,
      );
      assert.deepEqual(request, { kind: "get", version: ver });
    }
  });

  test("items in a get are ignored", () => {
    assert.equal(condition("get", '<item jid="x@y"/>'), "get");
  });

  test("a set has the item's jid in canonical form, its name and its groups", () => {
    assert.deepEqual(
      parse(
        "set",
        '<item jid="Romeo@Montague.Example/orchard" name="R &amp; J"><group>a</group><group>A</group></item>',
      ),
      { kind: "set", item: { jid: romeo, name: "R & J", groups: ["a", "A"] } },
    );
  });

  test("no group means no group, and an empty name is no name", () => {
    assert.deepEqual(parse("set", `<item jid="${romeo}" name=""/>`), {
      kind: "set",
      item: { jid: romeo, name: undefined, groups: [] },
    });
  });

  test("subscription other than remove, ask, approved and unknown attributes are ignored", () => {
    for (const attributes of [
      'subscription="both"',
      'subscription="nonsense"',
      'ask="subscribe"',
      'approved="true"',
      'x="y"',
    ]) {
      assert.equal(condition("set", `<item jid="${romeo}" ${attributes}/>`), "set", attributes);
    }
  });

  test("subscription remove is a removal", () => {
    assert.deepEqual(parse("set", `<item jid="${romeo}" subscription="remove"/>`), {
      kind: "remove",
      jid: romeo,
    });
  });

  test("the account's own bare JID in `to` is the account", () => {
    assert.equal(condition("set", `<item jid="${romeo}"/>`, owner), "set");
  });
});

describe("refusals", () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ["bad-request", "no item", ""],
    ["bad-request", "two items", '<item jid="a@b"/><item jid="c@d"/>'],
    ["bad-request", "an item without jid", '<item name="x"/>'],
    ["bad-request", "a group named twice", '<item jid="a@b"><group>x</group><group>x</group></item>'],
    [
      "bad-request",
      "a group named twice by OpaqueString (a no-break space is a space)",
      '<item jid="a@b"><group>x y</group><group>x&#xA0;y</group></item>',
    ],
    ["jid-malformed", "a jid that is no address", '<item jid="@b"/>'],
    ["not-allowed", "the account itself as contact", `<item jid="${owner}"/>`],
    ["not-acceptable", "an empty group", '<item jid="a@b"><group/></item>'],
    ["not-acceptable", "a name that is too long", `<item jid="a@b" name="${"x".repeat(1024)}"/>`],
    ["not-acceptable", "a name that is too long in bytes", `<item jid="a@b" name="${"ä".repeat(512)}"/>`],
    [
      "not-acceptable",
      "a group that is too long",
      `<item jid="a@b"><group>${"x".repeat(1024)}</group></item>`,
    ],
    [
      "not-acceptable",
      "too many groups",
      '<item jid="a@b"><group>1</group><group>2</group><group>3</group><group>4</group></item>',
    ],
  ];
  for (const [expected, title, content] of cases) {
    test(`${expected}: ${title}`, () => {
      assert.equal(condition("set", content), expected);
    });
  }

  test("forbidden: the roster of another account, for get and set", () => {
    assert.equal(condition("set", '<item jid="a@b"/>', romeo), "forbidden");
    assert.equal(condition("get", "", romeo), "forbidden");
  });

  test("bad-request: more than one child", () => {
    const twice = { ...iq("get", query("") + query("")), childCount: 2 };
    const request = parseRosterIq(twice, owner, limits);
    assert.equal(request.kind === "refused" && request.condition, "bad-request");
  });

  test("names and groups of exactly the limit pass", () => {
    assert.equal(condition("set", `<item jid="a@b" name="${"x".repeat(1023)}"/>`), "set");
    assert.equal(condition("set", `<item jid="a@b" name="${"ä".repeat(511)}"/>`), "set");
  });
});

describe("items and results", () => {
  const contact: ContactFacts = {
    ...contactIn(emptyRoster, romeo),
    inRoster: true,
    name: `"R" <&> 'J'`,
    groups: ["a<b", "c&d"],
    subscription: { state: "none+pending-out", approved: true },
  };

  test("an item shows everything that clients may see, escaped", () => {
    assert.equal(
      itemXml(contact),
      '<item jid="romeo@montague.example" name="&quot;R&quot; &lt;&amp;&gt; &apos;J&apos;" subscription="none"' +
        ' ask="subscribe" approved="true"><group>a&lt;b</group><group>c&amp;d</group></item>',
    );
  });

  test("pending-in does not show", () => {
    const subscription = { state: "to+pending-in", approved: false } as const;
    assert.equal(
      itemXml({ ...contactIn(emptyRoster, romeo), subscription }),
      '<item jid="romeo@montague.example" subscription="to"/>',
    );
  });

  test("an item written is an item read", () => {
    const { name, groups } = contact;
    assert.deepEqual(parse("set", itemXml(contact)), { kind: "set", item: { jid: romeo, name, groups } });
  });

  test("a removal shows the jid alone", () => {
    assert.equal(removedItemXml(romeo), '<item jid="romeo@montague.example" subscription="remove"/>');
  });

  test("an empty roster is an empty query, which is not an empty result", () => {
    const get = iq("get", query(""));
    assert.equal(
      serializeStanza(rosterResult(get, "", 0)),
      '<iq to="juliet@capulet.example/balcony" type="result" id="r1"><query xmlns="jabber:iq:roster" ver="0"/></iq>',
    );
    assert.equal(
      serializeStanza(emptyResult(get)),
      '<iq to="juliet@capulet.example/balcony" type="result" id="r1"/>',
    );
  });

  test("a complete roster has the items and leaves out who only asked", () => {
    const roster = applyChanges(emptyRoster, [
      { kind: "put", contact, push: false },
      {
        kind: "put",
        push: false,
        contact: {
          ...contactIn(emptyRoster, "asks@x.example" as BareJid),
          subscription: { state: "none+pending-in", approved: false },
        },
      },
    ]);
    assert.equal(itemsXml(roster), itemXml(contact));
  });
});
