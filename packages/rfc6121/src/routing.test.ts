import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { makeStanza, type StanzaKind } from "@rollcall/xmpp";
import {
  accountRouting,
  addresseeRouting,
  isKnown,
  mayBeAnswered,
  maySeePresence,
  type RoutingDecision,
  resourceSituation,
  type SenderStanding,
  type StanzaClass,
  stanzaClassOf,
} from "./routing.ts";

/**
 * Section 8.5 once more, cell by cell, in the letters of Table 1: S ignore, E error, e error to those who are known
 * and silence for others, O store, D to the resource, M to exactly one, A to all non-negative. V deliver if the sender
 * sees the presence, P to all available, R answer for the account, ? probe, 3 subscription.
 *
 * Columns: no account (bare, full) | bare: none, negative, one, several | full match | full no match: none, negative,
 * one, several.
 */
const expected: Readonly<Record<StanzaClass, string>> = {
  "message normal": "SS OOAA D eeee",
  "message chat": "SS OOMM D OOMM",
  "message groupchat": "ES EEEE D eeee",
  "message headline": "SS SSAA D eeee",
  "message error": "SS SSSS D SSSS",
  "presence available": "SS SPPP D SSSS",
  "presence unavailable": "SS SPPP D SSSS",
  "presence subscribe": "33 3333 3 3333",
  "presence subscribed": "33 3333 3 SSSS",
  "presence unsubscribe": "33 3333 3 SSSS",
  "presence unsubscribed": "33 3333 3 SSSS",
  "presence probe": "?? ???? ? ????",
  "presence error": "SS SPPP D SSSS",
  "iq request": "EE RRRR V EEEE",
  "iq response": "SS SSSS D SSSS",
};

const letters: Readonly<Record<RoutingDecision, string>> = {
  ignore: "S",
  bounce: "E",
  "bounce-if-known": "e",
  "store-offline": "O",
  deliver: "D",
  "deliver-to-most-available": "M",
  "deliver-to-non-negative": "A",
  "deliver-if-visible": "V",
  "deliver-to-available": "P",
  "answer-for-account": "R",
  "answer-probe": "?",
  "change-subscription": "3",
};

describe("delivery to a local account", () => {
  for (const [stanzaClass, row] of Object.entries(accountRouting)) {
    it(`decides every situation of a ${stanzaClass} as section 8.5 says`, () => {
      const { noAccount, bare, fullMatch, fullNoMatch } = row;
      const cells = [
        [noAccount.bare, noAccount.full],
        [bare.none, bare.negative, bare.one, bare.several],
        [fullMatch],
        [fullNoMatch.none, fullNoMatch.negative, fullNoMatch.one, fullNoMatch.several],
      ];
      const actual = cells.map((group) => group.map((cell) => letters[cell]).join("")).join(" ");
      assert.equal(actual, expected[stanzaClass as StanzaClass]);
    });
  }

  it("stays within what Table 1 allows", () => {
    // `e` is S or E. Where the table allows D for one resource, M and A are the same thing.
    const allowed: Readonly<Record<string, readonly string[]>> = {
      "message normal": ["SE", "SE", "OE", "OE", "DMA", "MA", "D", "SEe", "SEe", "SEe", "SEe"],
      "message chat": ["SE", "SE", "OE", "OE", "DMA", "M", "D", "OE", "OE", "DM", "M"],
      "message groupchat": ["E", "SE", "E", "E", "E", "E", "D", "SEe", "SEe", "SEe", "SEe"],
      "message headline": ["S", "SE", "S", "S", "DMA", "A", "D", "SEe", "SEe", "SEe", "SEe"],
    };
    for (const [stanzaClass, columns] of Object.entries(allowed)) {
      const cells = [...expected[stanzaClass as StanzaClass].replaceAll(" ", "")];
      cells.forEach((cell, column) => {
        assert.ok(columns[column]?.includes(cell), `${stanzaClass}, column ${column}: ${cell}`);
      });
    }
  });

  it("never answers an error or a response with an error", () => {
    for (const stanzaClass of ["message error", "presence error", "iq response"] as const) {
      assert.equal(mayBeAnswered(stanzaClass), false);
      assert.doesNotMatch(expected[stanzaClass], /[EeO]/);
    }
  });

  it("gives a stranger the same for an account that is missing and one that is offline", () => {
    for (const [stanzaClass, row] of Object.entries(accountRouting)) {
      const outward = (decision: RoutingDecision): string =>
        decision === "bounce-if-known" || decision === "store-offline" ? "ignore" : decision;
      // An account's answer to a stranger is `service-unavailable`, as for a missing one.
      const answered = row.bare.none === "answer-for-account" ? "bounce" : outward(row.bare.none);
      assert.equal(answered, outward(row.noAccount.bare), `${stanzaClass} to the bare JID`);
      if (row.fullNoMatch.none !== "ignore" || row.noAccount.full !== "change-subscription") {
        assert.equal(
          outward(row.fullNoMatch.none),
          outward(row.noAccount.full),
          `${stanzaClass} to a full JID`,
        );
      }
    }
  });
});

describe("the class of a stanza", () => {
  const classOf = (kind: StanzaKind, type: string | undefined): StanzaClass | undefined =>
    stanzaClassOf(makeStanza(kind, { type }));

  it("follows kind and type", () => {
    for (const stanzaClass of Object.keys(accountRouting)) {
      const [kind, name] = stanzaClass.split(" ") as [StanzaKind, string];
      const types =
        name === "available"
          ? [undefined]
          : name === "request"
            ? ["get", "set"]
            : name === "response"
              ? ["result", "error"]
              : [name];
      for (const type of types) assert.equal(classOf(kind, type), stanzaClass);
    }
  });

  it("takes a message without type or of unknown type as normal", () => {
    assert.equal(classOf("message", undefined), "message normal");
    assert.equal(classOf("message", "fax"), "message normal");
  });

  it("has none for presence and iq of unknown type", () => {
    assert.equal(classOf("presence", "available"), undefined);
    assert.equal(classOf("iq", undefined), undefined);
    assert.equal(classOf("iq", "put"), undefined);
  });
});

describe("stanzas that name no account", () => {
  it("are the sender's own without a `to`, and presence is broadcast", () => {
    assert.deepEqual(addresseeRouting.nobody, {
      message: "as-to-own-account",
      presence: "broadcast",
      iq: "as-to-own-account",
    });
  });

  it("are handled by the server for its domains, with or without a resource", () => {
    for (const kind of ["message", "presence", "iq"] as const) {
      assert.equal(addresseeRouting["own-domain"][kind], "handle-as-server");
      assert.equal(addresseeRouting["own-domain-resource"][kind], "handle-as-server");
      assert.equal(addresseeRouting["remote-domain"][kind], "route-to-domain");
      assert.equal(addresseeRouting["local-account"][kind], "route-to-account");
    }
  });
});

describe("the situation of an account", () => {
  it("counts resources that are available, and those that take messages", () => {
    assert.equal(resourceSituation(0, 0), "none");
    assert.equal(resourceSituation(2, 0), "negative");
    assert.equal(resourceSituation(2, 1), "one");
    assert.equal(resourceSituation(3, 2), "several");
  });
});

describe("who a sender is to the account", () => {
  const stranger: SenderStanding = { own: false, inRoster: false, subscribed: false, directed: false };

  it("lets an error be told to everybody whom it tells nothing new", () => {
    assert.equal(isKnown(stranger), false);
    for (const known of ["own", "inRoster", "subscribed", "directed"] as const) {
      assert.ok(isKnown({ ...stranger, [known]: true }));
    }
  });

  it("lets an iq through only to those who see the presence", () => {
    assert.equal(maySeePresence(stranger), false);
    assert.equal(maySeePresence({ ...stranger, inRoster: true }), false);
    for (const seeing of ["own", "subscribed", "directed"] as const) {
      assert.ok(maySeePresence({ ...stranger, [seeing]: true }));
    }
  });
});
