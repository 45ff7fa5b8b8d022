import type { SessionRef } from "@rollcall/contracts";
import { Counts, transports } from "@rollcall/telemetry";
import type { LocalSession } from "./local-session.ts";

const LARGEST_HANDLE = 0xffff_ffff;
/** Deliveries that wait for one session to be bound. */
const HELD_LIMIT = 1_000;

interface Binding {
  readonly held: (() => void)[];
  isOverrun: boolean;
}

/**
 * The sessions of this node by handle. A handle is not used again before 2^32 others were, so a delivery that is
 * late never meets a stranger.
 */
export class LocalSessions {
  readonly #sessions = new Map<number, LocalSession>();
  /** Of sessions whose owner may have bound them, and which do not know it yet. */
  readonly #bindings = new Map<number, Binding>();
  readonly nodeId: string;
  readonly #domains: readonly string[];
  /** By domain and transport. */
  readonly counts: Counts;
  #lastHandle = 0;

  /** @param domains the ones of this server; sessions of others are not counted. */
  constructor(nodeId: string, domains: readonly string[] = []) {
    this.#domains = domains;
    this.counts = Counts.ofPairs("domain", domains, "transport", transports);
    this.nodeId = nodeId;
  }

  get size(): number {
    return this.#sessions.size;
  }

  /** A name for a session that is about to be bound. */
  nextRef(): SessionRef {
    do {
      this.#lastHandle = this.#lastHandle === LARGEST_HANDLE ? 1 : this.#lastHandle + 1;
    } while (this.#sessions.has(this.#lastHandle));
    return { node: this.nodeId, session: this.#lastHandle };
  }

  /** The owner is asked to bind the session: what it delivers may be here before its answer. */
  beginBinding(handle: number): void {
    if (!this.#bindings.has(handle)) this.#bindings.set(handle, { held: [], isOverrun: false });
  }

  /** The session will not be bound. What waits for it goes on, and does not find it. */
  endBinding(handle: number): void {
    const binding = this.#bindings.get(handle);
    this.#bindings.delete(handle);
    for (const deliver of binding?.held ?? []) deliver();
  }

  /**
   * Keeps a delivery for a session that is being bound, to be made when that is over.
   * @returns `false` when no such session is being bound, or too much waits for it.
   */
  hold(handle: number, deliver: () => void): boolean {
    const binding = this.#bindings.get(handle);
    if (binding === undefined) return false;
    if (binding.held.length >= HELD_LIMIT) binding.isOverrun = true;
    else binding.held.push(deliver);
    return !binding.isOverrun;
  }

  /** The session is bound: from now on deliveries find it. */
  add(session: LocalSession): void {
    const handle = session.ref.session;
    const isOverrun = this.#bindings.get(handle)?.isOverrun === true;
    this.#sessions.set(handle, session);
    this.#count(session, 1);
    this.endBinding(handle);
    // Its owner was told that the session is not here.
    if (isOverrun)
      session.stream.closeWith("resource-constraint", "too much came before the resource was bound");
  }

  find(handle: number): LocalSession | undefined {
    return this.#sessions.get(handle);
  }

  remove(session: LocalSession): void {
    if (this.#sessions.delete(session.ref.session)) this.#count(session, -1);
  }

  #count({ domain, transport }: LocalSession, by: 1 | -1): void {
    const index = this.#domains.indexOf(domain);
    if (index !== -1) this.counts.add(index * transports.length + transports.indexOf(transport), by);
  }
}
