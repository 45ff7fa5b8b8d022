/** Routes about one account: its JID, percent-encoded, is part of the path. */
export interface AccountRoute {
  readonly Params: { readonly jid: string };
}
