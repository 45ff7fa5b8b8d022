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
