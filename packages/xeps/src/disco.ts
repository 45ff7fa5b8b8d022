/** Service Discovery (XEP-0030), the answering side. */
import { escapeAttribute, NS, type Stanza, stanzaPayload } from "@rollcall/xmpp";
import { iqResult, isGet } from "./iq-result.ts";

export interface DiscoIdentity {
  /** Of the registry of identities: `server`, `account`. */
  readonly category: string;
  readonly type: string;
  readonly name?: string | undefined;
}

export interface DiscoInfo {
  readonly identities: readonly DiscoIdentity[];
  /** Namespaces; disco#info itself has to be among them. */
  readonly features: readonly string[];
}

export interface DiscoItem {
  readonly jid: string;
  readonly name?: string | undefined;
  readonly node?: string | undefined;
}

export function isDiscoInfoRequest(stanza: Stanza): boolean {
  return isGet(stanza, "query", NS.discoInfo);
}

export function isDiscoItemsRequest(stanza: Stanza): boolean {
  return isGet(stanza, "query", NS.discoItems);
}

/** The `node` of a disco request; one that is not served is answered with `item-not-found` (XEP-0030, 7). */
export function discoNode(request: Stanza): string | undefined {
  return stanzaPayload(request)[0]?.attribute("node");
}

export function discoInfoResult(request: Stanza, info: DiscoInfo): Stanza {
  const identities = info.identities.map(
    (identity) =>
      `<identity${attribute("category", identity.category)}${attribute("type", identity.type)}${attribute("name", identity.name)}/>`,
  );
  const features = info.features.map((feature) => `<feature${attribute("var", feature)}/>`);
  return discoResult(request, NS.discoInfo, [...identities, ...features]);
}

export function discoItemsResult(request: Stanza, items: readonly DiscoItem[]): Stanza {
  return discoResult(
    request,
    NS.discoItems,
    items.map(
      (item) =>
        `<item${attribute("jid", item.jid)}${attribute("node", item.node)}${attribute("name", item.name)}/>`,
    ),
  );
}

function discoResult(request: Stanza, namespace: string, children: readonly string[]): Stanza {
  const start = `<query xmlns="${namespace}"`;
  return iqResult(request, {
    name: "query",
    namespace,
    xml: children.length === 0 ? `${start}/>` : `${start}>${children.join("")}</query>`,
  });
}

function attribute(name: string, value: string | undefined): string {
  return value === undefined ? "" : ` ${name}="${escapeAttribute(value)}"`;
}
