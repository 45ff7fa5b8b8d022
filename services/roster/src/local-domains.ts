/** Which addresses are, or would be, accounts of this system. */
export class LocalDomains {
  readonly #domains: ReadonlySet<string>;

  constructor(domains: readonly string[]) {
    this.#domains = new Set(domains);
  }

  has(bareJid: string): boolean {
    return this.#domains.has(bareJid.slice(bareJid.indexOf("@") + 1));
  }
}
