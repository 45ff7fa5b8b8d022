import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { detachStanza, detachString } from "./detach.ts";
import { makeStanza, type Stanza } from "./stanza.ts";
import { parseStanza } from "./xml-stanza.ts";

describe("what is detached", () => {
  it("is the same stanza", () => {
    const stanzas: readonly (Stanza | undefined)[] = [
      makeStanza("presence", {}),
      makeStanza("iq", { type: "", id: "", to: "a b", payload: "" }),
      parseStanza(
        "<message to='größe@example.com' id='😀' x='1'><body>a b</body><y xmlns='urn:y'/></message>",
      ),
    ];
    for (const stanza of stanzas) assert.deepEqual(detachStanza(stanza!), stanza);
  });

  it("is the same string", () => {
    for (const text of ["", "a", "größe 😀", "x".repeat(100)]) assert.equal(detachString(text), text);
  });
});
