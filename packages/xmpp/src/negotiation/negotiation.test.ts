import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { element } from "../element.ts";
import type { BareJid, FullJid } from "../jid.ts";
import { NS } from "../namespaces.ts";
import type { StreamHeader } from "../parse-stream.ts";
import { decodeBase64, encodeBase64 } from "../sasl/base64.ts";
import { makeStanza, type Stanza } from "../stanza.ts";
import {
  beginNegotiation,
  misplacedElement,
  type NegotiationAction,
  type NegotiationEvent,
  type NegotiationPolicy,
  type NegotiationState,
  negotiate,
} from "./negotiation.ts";

const policy: NegotiationPolicy = {
  domains: ["example.org"],
  tlsRequired: true,
  withheldMechanisms: [],
  saslRetries: 2,
  bindRetries: 5,
  lang: "en",
};
const mechanisms = ["SCRAM-SHA-256", "PLAIN"];
const juliet = "juliet@example.org" as BareJid;

/** Feeds events to the machine and remembers what it asked for. */
class Run {
  state: NegotiationState;
  actions: readonly NegotiationAction[] = [];
  readonly #policy: NegotiationPolicy;

  constructor(changes: Partial<NegotiationPolicy> = {}, secured = true) {
    this.#policy = { ...policy, ...changes };
    this.state = beginNegotiation(this.#policy, secured, secured ? mechanisms : []);
  }

  step(event: NegotiationEvent): this {
    const step = negotiate(this.#policy, this.state, event);
    this.state = step.state;
    this.actions = step.actions;
    return this;
  }

  header(changes: Partial<StreamHeader> = {}): this {
    const header: StreamHeader = {
      to: "example.org",
      from: undefined,
      version: "1.0",
      lang: undefined,
      id: undefined,
      contentNamespace: NS.client,
      ...changes,
    };
    return this.step({ kind: "header", header, streamId: "id-1" });
  }

  sasl(name: string, text = "", mechanism?: string): this {
    const attributes = mechanism === undefined ? {} : { mechanism };
    return this.step({
      kind: "element",
      element: element(name, NS.sasl, attributes, text === "" ? [] : [text]),
    });
  }

  authenticated(): this {
    return this.header()
      .sasl("auth", "AGEAYg==", "PLAIN")
      .step({ kind: "sasl-success", account: juliet, data: undefined });
  }

  stanza(stanza: Stanza): this {
    return this.step({ kind: "stanza", stanza });
  }

  get sent(): string {
    return this.actions.map((action) => (action.kind === "send" ? action.xml : "")).join("");
  }

  get kinds(): string[] {
    return this.actions.map(({ kind }) => kind);
  }
}

function bindRequest(resource?: string, changes: { id?: string; to?: string; type?: string } = {}): Stanza {
  const payload =
    resource === undefined
      ? `<bind xmlns="${NS.bind}"/>`
      : `<bind xmlns="${NS.bind}"><resource>${resource}</resource></bind>`;
  return makeStanza("iq", {
    type: "set",
    id: "b1",
    payload,
    childName: "bind",
    childNamespace: NS.bind,
    ...changes,
  });
}

describe("the stream header", () => {
  test("is answered by a header and features in one go", () => {
    const run = new Run().header({ from: "juliet@example.org/balcony", lang: "de" });
    assert.match(run.sent, /<stream:stream [^>]*id=["']id-1["']/);
    assert.match(run.sent, /from=["']example\.org["']/);
    assert.match(run.sent, /to=["']juliet@example\.org["']/);
    assert.match(run.sent, /xml:lang=["']en["']/);
    assert.match(run.sent, /version=["']1\.0["']/);
    assert.match(run.sent, /<mechanism>SCRAM-SHA-256<\/mechanism><mechanism>PLAIN<\/mechanism>/);
    assert.equal(run.state.lang, "de");
    assert.equal(run.state.phase, "features");
  });

  test("without from gets no to", () => {
    assert.doesNotMatch(new Run().header().sent, / to=/);
  });

  test("before required TLS leads to STARTTLS and nothing else", () => {
    const { sent } = new Run({}, false).header();
    assert.match(
      sent,
      /<starttls xmlns="urn:ietf:params:xml:ns:xmpp-tls"><required\/><\/starttls><\/stream:features>$/,
    );
    assert.doesNotMatch(sent, /mechanism/);
  });

  test("with a higher version is answered by ours, leading zeros and all", () => {
    for (const version of ["1.0", "1.7", "2.0", "01.00", "10.1"]) {
      const { sent, state } = new Run().header({ version });
      assert.match(sent, /version=["']1\.0["']/, version);
      assert.equal(state.phase, "features", version);
    }
  });

  const refusals: readonly [string, Partial<StreamHeader>, string][] = [
    ["for a domain that is not served", { to: "example.net" }, "host-unknown"],
    ["for something that is no domain", { to: "a b" }, "host-unknown"],
    ["for a server's content namespace", { contentNamespace: NS.server }, "invalid-namespace"],
    ["of version 0.9", { version: "0.9" }, "unsupported-version"],
    ["without a version", { version: undefined }, "unsupported-version"],
    ["with a version that is none", { version: "one" }, "unsupported-version"],
  ];
  for (const [what, changes, condition] of refusals) {
    test(`${what} is refused after a response header`, () => {
      const run = new Run().header(changes);
      assert.match(run.sent, /<stream:stream [^>]*from=["']example\.org["']/);
      assert.match(run.sent, new RegExp(`<stream:error><${condition} .*</stream:error></stream:stream>$`));
      assert.doesNotMatch(run.sent, /features/);
      assert.deepEqual(run.kinds, ["send", "close"]);
      assert.equal(run.state.phase, "closed");
    });
  }

  test("of a client of version 0.9 is answered without version", () => {
    assert.doesNotMatch(new Run().header({ version: undefined }).sent, /<stream:stream [^>]*version=/);
  });

  test("without to is clear where one domain is served, and only there", () => {
    assert.equal(new Run().header({ to: undefined }).state.phase, "features");
    const two = new Run({ domains: ["example.org", "example.net"] }).header({ to: undefined });
    assert.match(two.sent, /host-unknown/);
  });

  test("may name any of the domains, in any spelling", () => {
    const run = new Run({ domains: ["example.org", "example.net"] }).header({ to: "Example.NET" });
    assert.equal(run.state.domain, "example.net");
    assert.match(run.sent, /from=["']example\.net["']/);
  });
});

describe("STARTTLS", () => {
  const starttls: NegotiationEvent = { kind: "element", element: element("starttls", NS.tls) };

  test("is granted, and the stream begins anew with nothing of what was said before", () => {
    const run = new Run({}, false).header({ lang: "de", from: "eve@example.org" }).step(starttls);
    assert.equal(run.sent, `<proceed xmlns="${NS.tls}"/>`);
    assert.deepEqual(run.kinds, ["send", "start-tls"]);
    run.step({ kind: "tls-established", mechanisms });
    assert.deepEqual(run.kinds, ["restart"]);
    assert.deepEqual(run.state, beginNegotiation(policy, true, mechanisms));
    assert.match(run.header().sent, /<mechanisms/);
  });

  test("is not offered and not granted a second time", () => {
    const run = new Run().header();
    assert.doesNotMatch(run.sent, /starttls/);
    assert.equal(run.step(starttls).sent, `<failure xmlns="${NS.tls}"/></stream:stream>`);
    assert.deepEqual(run.kinds, ["send", "close"]);
  });

  test("stands beside SASL where it is voluntary", () => {
    const run = new Run({ tlsRequired: false }, false);
    assert.match(run.header().sent, /<starttls xmlns="[^"]*"\/><mechanisms/);
  });
});

describe("SASL", () => {
  test("starts with the decoded initial response", () => {
    const run = new Run().header().sasl("auth", encodeBase64(Buffer.from("hello")), "PLAIN");
    assert.deepEqual(run.actions, [
      { kind: "start-sasl", mechanism: "PLAIN", data: decodeBase64(encodeBase64(Buffer.from("hello"))) },
    ]);
    assert.equal(run.state.phase, "sasl-verdict");
  });

  test("tells no initial response from an empty one", () => {
    const none = new Run().header().sasl("auth", "", "PLAIN").actions[0];
    const empty = new Run().header().sasl("auth", "=", "PLAIN").actions[0];
    assert.ok(none?.kind === "start-sasl" && none.data === undefined);
    assert.ok(empty?.kind === "start-sasl" && empty.data?.length === 0);
  });

  test("passes challenges and responses on", () => {
    const run = new Run().header().sasl("auth", "", "SCRAM-SHA-256");
    run.step({ kind: "sasl-challenge", data: Buffer.from("r=1") });
    assert.equal(run.sent, `<challenge xmlns="${NS.sasl}">cj0x</challenge>`);
    run.sasl("response", "Yz0x");
    assert.deepEqual(run.actions, [{ kind: "continue-sasl", data: Buffer.from("c=1") }]);
  });

  test("ends with success and a new stream, whose features are those after login", () => {
    const run = new Run().header().sasl("auth", "", "PLAIN");
    run.step({ kind: "sasl-success", account: juliet, data: Buffer.from("v=1") });
    assert.equal(run.sent, `<success xmlns="${NS.sasl}">dj0x</success>`);
    assert.deepEqual(run.kinds, ["send", "restart"]);
    run.header();
    assert.match(run.sent, /<bind xmlns="urn:ietf:params:xml:ns:xmpp-bind"\/>/);
    assert.doesNotMatch(run.sent, /mechanism|starttls/);
  });

  test("sends additional data of zero length as =", () => {
    const run = new Run().header().sasl("auth", "", "PLAIN");
    run.step({ kind: "sasl-success", account: juliet, data: new Uint8Array(0) });
    assert.equal(run.sent, `<success xmlns="${NS.sasl}">=</success>`);
  });

  const failures: readonly [string, (run: Run) => Run, string, Partial<NegotiationPolicy>?][] = [
    ["an abort", (run) => run.sasl("abort"), "aborted"],
    ["an unknown mechanism", (run) => run.sasl("auth", "", "X-OWN"), "invalid-mechanism"],
    ["no mechanism", (run) => run.sasl("auth"), "invalid-mechanism"],
    ["foreign characters in base64", (run) => run.sasl("auth", "AG*A", "PLAIN"), "incorrect-encoding"],
    ["= inside base64", (run) => run.sasl("auth", "AA==AA==", "PLAIN"), "incorrect-encoding"],
    ["white space in base64", (run) => run.sasl("auth", "AAAA AAAA", "PLAIN"), "incorrect-encoding"],
    ["padding bits that are not zero", (run) => run.sasl("auth", "AB==", "PLAIN"), "incorrect-encoding"],
    ["a response without a challenge", (run) => run.sasl("response", "AA=="), "malformed-request"],
    [
      "an element inside auth",
      (run) =>
        run.step({
          kind: "element",
          element: element("auth", NS.sasl, { mechanism: "PLAIN" }, [element("x", NS.sasl)]),
        }),
      "malformed-request",
    ],
    [
      "a mechanism that policy keeps back",
      (run) => run.sasl("auth", "", "SCRAM-SHA-1"),
      "mechanism-too-weak",
      { withheldMechanisms: ["SCRAM-SHA-1"] },
    ],
    [
      "a badly encoded response",
      (run) =>
        run
          .sasl("auth", "", "PLAIN")
          .step({ kind: "sasl-challenge", data: new Uint8Array(0) })
          .sasl("response", "?"),
      "incorrect-encoding",
    ],
    [
      "a verdict against the client",
      (run) => run.sasl("auth", "", "PLAIN").step({ kind: "sasl-failure", condition: "not-authorized" }),
      "not-authorized",
    ],
  ];
  for (const [what, act, condition, changes] of failures) {
    test(`answers ${what} with ${condition}, and goes on`, () => {
      const run = act(new Run(changes).header());
      assert.equal(run.sent, `<failure xmlns="${NS.sasl}"><${condition}/></failure>`);
      assert.equal(run.state.phase, "features");
      assert.equal(run.state.failures, 1);
    });
  }

  test("is refused before required TLS", () => {
    const run = new Run({}, false).header().sasl("auth", "", "PLAIN");
    assert.equal(run.sent, `<failure xmlns="${NS.sasl}"><encryption-required/></failure>`);
  });

  test("drops the exchange under way when a new one starts", () => {
    const run = new Run().header().sasl("auth", "", "PLAIN");
    run.step({ kind: "sasl-challenge", data: new Uint8Array(0) }).sasl("auth", "", "SCRAM-SHA-256");
    assert.deepEqual(run.kinds, ["abandon-sasl", "start-sasl"]);
  });

  test("closes the stream when the retries are used up", () => {
    const run = new Run().header();
    run.sasl("abort").sasl("abort");
    assert.equal(run.state.phase, "features");
    run.sasl("abort");
    assert.match(run.sent, /<failure .*<stream:error><policy-violation .*<\/stream:stream>$/);
    assert.equal(run.state.phase, "closed");
  });

  test("does not happen twice on a stream", () => {
    const run = new Run().authenticated().header().sasl("auth", "", "PLAIN");
    assert.match(run.sent, /<stream:error><not-authorized /);
  });
});

describe("after login", () => {
  test("a header of somebody else ends the stream", () => {
    const run = new Run().authenticated().header({ from: "romeo@example.org" });
    assert.match(run.sent, /^.*<stream:stream .*<invalid-from /s);
  });

  test("a from that TLS protected before SASL has to agree as well", () => {
    const run = new Run().header({ from: "romeo@example.org" }).sasl("auth", "", "PLAIN");
    run.step({ kind: "sasl-success", account: juliet, data: undefined }).header();
    assert.match(run.sent, /<invalid-from /);
  });

  test("a header for another domain ends the stream", () => {
    const two = { domains: ["example.org", "example.net"] };
    assert.match(new Run(two).authenticated().header({ to: "example.net" }).sent, /<not-authorized /);
  });

  test("a resource is bound in canonical form", () => {
    const run = new Run().authenticated().header().stanza(bindRequest("balcony"));
    assert.deepEqual(run.actions, [{ kind: "bind", account: juliet, requested: "balcony" }]);
    run.step({ kind: "bound", jid: "juliet@example.org/balcony" as FullJid });
    assert.equal(
      run.sent,
      `<iq type="result" id="b1"><bind xmlns="${NS.bind}"><jid>juliet@example.org/balcony</jid></bind></iq>`,
    );
    assert.equal(run.state.phase, "bound");
  });

  test("no resource, an empty one and an unusable one leave the choice to the server", () => {
    for (const resource of [undefined, "", "a\u0000b".replace("\u0000", "&#x9;")]) {
      const run = new Run().authenticated().header().stanza(bindRequest(resource));
      assert.deepEqual(run.actions, [{ kind: "bind", account: juliet, requested: undefined }]);
    }
  });

  test("binding may be addressed to the server or the own account", () => {
    for (const to of ["example.org", "juliet@example.org"]) {
      const run = new Run().authenticated().header().stanza(bindRequest("r", { to }));
      assert.deepEqual(run.kinds, ["bind"]);
    }
  });

  test("a bind request without id is a bad request", () => {
    const run = new Run()
      .authenticated()
      .header()
      .stanza(bindRequest("r", { id: "" }));
    assert.match(run.sent, /<error type=["']modify["']><bad-request /);
    assert.equal(run.state.phase, "features");
  });

  test("a refused resource may be asked for again, within limits", () => {
    const run = new Run().authenticated().header();
    for (let attempt = 1; attempt <= 6; attempt++) {
      run.stanza(bindRequest("r")).step({ kind: "bind-refused", condition: "resource-constraint" });
      assert.match(run.sent, /^<iq [^>]*type=["']error["'].*<error type=["']wait["']><resource-constraint /);
      assert.equal(run.state.phase, attempt <= 5 ? "features" : "closed");
    }
    assert.match(run.sent, /<stream:error><policy-violation /);
  });

  test("another stanza before binding ends the stream", () => {
    const stanzas = [
      makeStanza("message", { to: "romeo@example.org", payload: "<body>hi</body>", childName: "body" }),
      makeStanza("presence", {}),
      bindRequest("r", { type: "get" }),
      bindRequest("r", { to: "romeo@example.org" }),
    ];
    for (const stanza of stanzas) {
      const run = new Run().authenticated().header().stanza(stanza);
      assert.match(run.sent, /^<stream:error><not-authorized /);
      assert.deepEqual(run.kinds, ["send", "close"]);
    }
  });
});

describe("the end", () => {
  test("a stanza before login ends the stream", () => {
    assert.match(new Run().header().stanza(bindRequest("r")).sent, /^<stream:error><not-authorized /);
  });

  test("the client's end is answered by ours", () => {
    const run = new Run().header().step({ kind: "stream-end" });
    assert.equal(run.sent, "</stream:stream>");
    assert.deepEqual(run.kinds, ["send", "close"]);
  });

  test("a fault before the response header sends one first", () => {
    const fault: NegotiationEvent = {
      kind: "fault",
      condition: "not-well-formed",
      text: undefined,
      streamId: "id-9",
    };
    assert.match(new Run().step(fault).sent, /<stream:stream [^>]*id-9.*<stream:error><not-well-formed /s);
    assert.match(new Run().header().step(fault).sent, /^<stream:error><not-well-formed /);
    // After SASL a new stream begins, which has no header yet.
    assert.match(new Run().authenticated().step(fault).sent, /<stream:stream .*<stream:error>/s);
  });

  test("elements out of place have their conditions", () => {
    const conditions: readonly [string, string, string | undefined][] = [
      ["error", NS.stream, undefined],
      ["features", NS.stream, "unsupported-stanza-type"],
      ["starttls", NS.tls, "not-authorized"],
      ["auth", NS.sasl, "not-authorized"],
      ["pubsub", NS.client, "unsupported-stanza-type"],
      ["message", NS.server, "invalid-namespace"],
      ["x", "urn:example:x", "unsupported-stanza-type"],
    ];
    for (const [name, namespace, condition] of conditions) {
      assert.equal(misplacedElement(element(name, namespace)), condition, name);
    }
  });

  test("an event that cannot occur is a fault of the performer", () => {
    assert.throws(() => new Run().step({ kind: "bound", jid: "a@b/c" as FullJid }));
    assert.throws(() => new Run().header().header());
  });
});
