import { prepareDomain } from "./domainpart.ts";
import { prepareLocal } from "./localpart.ts";
import { prepareResource } from "./resourcepart.ts";

export { prepareDomain, prepareLocal, prepareResource };

/** A bare JID in canonical form (RFC 7622): safe as a key. */
export type BareJid = string & { readonly __bare: true };
/** A full JID in canonical form. */
export type FullJid = string & { readonly __full: true };

/** A JID whose parts are in canonical form. */
export interface Jid {
  /** "" for a domain. */
  readonly local: string;
  readonly domain: string;
  /** "" for a bare JID. */
  readonly resource: string;
  readonly bare: BareJid;
  /** The whole JID: the full one where there is a resource, else the bare one. */
  readonly full: FullJid;
}

/**
 * Parses a JID and enforces its three parts (RFC 7622): cut at the first `/`, then what is before it at the
 * first `@`, before anything is mapped.
 *
 * Two JIDs are the same exactly if their canonical strings are. A canonical string parses to itself; it has no
 * control characters and no lone surrogates, a bare one has no white space and no `/`, and it is at most 3071
 * bytes of UTF-8, so it serves as a storage key.
 *
 * @returns `undefined` where the text is not a JID (`jid-malformed`); never throws.
 */
export function parseJid(text: string): Jid | undefined {
  const slash = text.indexOf("/");
  const address = slash < 0 ? text : text.slice(0, slash);
  const at = address.indexOf("@");
  const local = at < 0 ? "" : prepareLocal(address.slice(0, at));
  const domain = prepareDomain(address.slice(at + 1));
  const resource = slash < 0 ? "" : prepareResource(text.slice(slash + 1));
  if (local === undefined || domain === undefined || resource === undefined) return undefined;
  const bare = (local === "" ? domain : `${local}@${domain}`) as BareJid;
  const full = (resource === "" ? bare : `${bare}/${resource}`) as string as FullJid;
  return { local, domain, resource, bare, full };
}

/** The bare JID of a JID in canonical form. */
export function bareOf(canonical: string): BareJid {
  const slash = canonical.indexOf("/");
  return (slash < 0 ? canonical : canonical.slice(0, slash)) as BareJid;
}

/** The resource of a JID in canonical form; "" where it is bare. */
export function resourceOf(canonical: string): string {
  const slash = canonical.indexOf("/");
  return slash < 0 ? "" : canonical.slice(slash + 1);
}

/** Joins canonical parts; `resource` comes from `prepareResource`. */
export function makeFull(bare: BareJid, resource: string): FullJid {
  return `${bare}/${resource}` as FullJid;
}
