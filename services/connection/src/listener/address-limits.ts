import { isIPv6 } from "node:net";

/** What `AddressLimits` allows. Counts per address hold for an IPv4 address or an IPv6 /64 network. */
export interface AddressLimitOptions {
  readonly connections: number;
  readonly connectionsPerAddress: number;
  readonly attemptsPerAddress: number;
  readonly failuresPerAddress: number;
  /** Connections that have not logged in. */
  readonly unauthenticated: number;
}

export type Admission =
  | "admitted"
  | "too-many-connections"
  | "too-many-unauthenticated"
  | "too-many-from-address"
  | "too-many-attempts";

/** Addresses whose attempts or failures are remembered within a minute; older ones are forgotten first. */
const REMEMBERED_ADDRESSES = 100_000;

/** Counts connections, attempts and failed authentications by address (RFC 6120, 13.12). Knows no time: see `newMinute`. */
export class AddressLimits {
  readonly #options: AddressLimitOptions;
  readonly #connections = new Map<string, number>();
  readonly #attempts = new Map<string, number>();
  readonly #failures = new Map<string, number>();
  #total = 0;
  #unauthenticated = 0;

  constructor(options: AddressLimitOptions) {
    this.#options = options;
  }

  get connections(): number {
    return this.#total;
  }

  get unauthenticated(): number {
    return this.#unauthenticated;
  }

  /** Counts a new connection, which has not logged in; `released` takes back what was `admitted`. */
  admit(address: string): Admission {
    if (count(this.#attempts, address) > this.#options.attemptsPerAddress) return "too-many-attempts";
    if (this.#total >= this.#options.connections) return "too-many-connections";
    if (this.#unauthenticated >= this.#options.unauthenticated) return "too-many-unauthenticated";
    const sameAddress = this.#connections.get(address) ?? 0;
    if (sameAddress >= this.#options.connectionsPerAddress) return "too-many-from-address";
    this.#connections.set(address, sameAddress + 1);
    this.#total++;
    this.#unauthenticated++;
    return "admitted";
  }

  loggedIn(): void {
    this.#unauthenticated--;
  }

  released(address: string, loggedIn: boolean): void {
    const rest = this.#connections.get(address)! - 1;
    if (rest === 0) this.#connections.delete(address);
    else this.#connections.set(address, rest);
    this.#total--;
    if (!loggedIn) this.#unauthenticated--;
  }

  authenticationFailed(address: string): void {
    count(this.#failures, address);
  }

  mayAuthenticate(address: string): boolean {
    return (this.#failures.get(address) ?? 0) < this.#options.failuresPerAddress;
  }

  /** Forgets attempts and failures. Called once a minute. */
  newMinute(): void {
    this.#attempts.clear();
    this.#failures.clear();
  }
}

function count(counts: Map<string, number>, address: string): number {
  const value = (counts.get(address) ?? 0) + 1;
  if (value === 1 && counts.size >= REMEMBERED_ADDRESSES) {
    for (const oldest of counts.keys()) {
      counts.delete(oldest);
      break;
    }
  }
  counts.set(address, value);
  return value;
}

/** What connections are counted by: an IPv4 address, or the /64 network that an IPv6 address is from. */
export function countedAddress(remoteAddress: string): string {
  if (!isIPv6(remoteAddress)) return remoteAddress;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(remoteAddress);
  if (mapped !== null) return mapped[1]!;
  const [head = "", tail] = remoteAddress.replace(/%.*$/, "").split("::");
  const groups = head === "" ? [] : head.split(":");
  if (tail !== undefined) {
    const after = tail === "" ? 0 : tail.split(":").length;
    while (groups.length < 8 - after) groups.push("0");
  }
  return `${groups.slice(0, 4).join(":").toLowerCase()}::/64`;
}
