/** Which addresses belong to this system. */
export class LocalDomains {
  readonly #domains: ReadonlySet<string>;
  /** The first one, for what the server says in its own name. */
  readonly first: string;

  constructor(domains: readonly string[]) {
    this.#domains = new Set(domains);
    this.first = domains[0] ?? "localhost";
  }

  /** Whether the JID, bare or full, is or would be an account here. */
  isAccount(jid: string): boolean {
    const at = jid.indexOf("@");
    const slash = jid.indexOf("/");
    if (at < 0 || (slash >= 0 && slash < at)) return false;
    return this.#domains.has(slash < 0 ? jid.slice(at + 1) : jid.slice(at + 1, slash));
  }

  /** Whether the JID is one of the domains themselves, or a resource of one. */
  isServer(jid: string): boolean {
    const slash = jid.indexOf("/");
    return this.#domains.has(slash < 0 ? jid : jid.slice(0, slash));
  }

  /** The domain of an account here. */
  domainOf(account: string): string {
    return account.slice(account.indexOf("@") + 1);
  }
}
