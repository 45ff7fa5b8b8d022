import { makeStanza, type Stanza } from "@rollcall/xmpp";

/** The child of a result as XML, with what its header says of it. */
export interface ResultPayload {
  readonly name: string;
  readonly namespace: string;
  readonly xml: string;
}

/** The result for an iq request: addresses swapped, same id, with the payload or empty (RFC 6120, 8.2.3). */
export function iqResult(request: Stanza, payload?: ResultPayload): Stanza {
  return makeStanza("iq", {
    type: "result",
    from: request.to,
    to: request.from,
    id: request.id,
    payload: payload?.xml,
    childName: payload?.name,
    childNamespace: payload?.namespace,
  });
}

/** Whether the stanza is an iq get with this child. */
export function isGet(stanza: Stanza, name: string, namespace: string): boolean {
  return (
    stanza.kind === "iq" &&
    stanza.type === "get" &&
    stanza.childName === name &&
    stanza.childNamespace === namespace
  );
}
