import type { KnownSessionsAnswer, KnownSessionsQuestion } from "@rollcall/contracts";
import type { SessionRegistry } from "../sessions/session-registry.ts";

/**
 * Tells a node that was away which of its sessions count no more: they were ended meanwhile, or are about to be.
 *
 * A node asks for each partition, all at once, so the sessions of the node are looked up once in a turn.
 */
export class KnownSessions {
  readonly #registry: SessionRegistry;
  readonly #handles = new Map<string, ReadonlySet<number>>();

  constructor(registry: SessionRegistry) {
    this.#registry = registry;
  }

  answer({ node, sessions }: KnownSessionsQuestion): KnownSessionsAnswer {
    const known = this.#handlesOf(node);
    return { unknown: sessions.filter((handle) => !known.has(handle)) };
  }

  #handlesOf(node: string): ReadonlySet<number> {
    const known = this.#handles.get(node);
    if (known !== undefined) return known;
    const handles = new Set<number>();
    for (const account of this.#registry.accounts()) {
      for (const session of account.sessions) {
        if (session.node.nodeId === node && !session.gone) handles.add(session.handle);
      }
    }
    if (this.#handles.size === 0) setImmediate(() => this.#handles.clear());
    this.#handles.set(node, handles);
    return handles;
  }
}
