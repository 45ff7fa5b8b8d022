/**
 * What a presence stanza says about its sender (RFC 6121, 4.7), and what is kept of it while the resource is available.
 */
import { type Element, element, NS, type Stanza, serializeElement, stanzaPayload } from "@rollcall/xmpp";

/** Available presence without `to`, as it is broadcast and kept. */
export interface BroadcastPresence {
  /** The stanza with the priority that counts; the same object where nothing had to be corrected. */
  readonly stanza: Stanza;
  /** -128 to 127; messages for the bare JID never reach a resource below 0. */
  readonly priority: number;
}

const LOWEST_PRIORITY = -128;
const HIGHEST_PRIORITY = 127;
const integer = /^[ \t\r\n]*([+-]?\d+)[ \t\r\n]*$/;

/**
 * Reads the priority of available presence, and corrects a stanza whose priority is not one (RFC 6121, 4.7.2.3).
 *
 * Out of range is clamped, not an integer counts as 0, the first of several counts. What is echoed and broadcast
 * then shows the value that counts; for 0 the element is left out.
 */
export function readBroadcastPresence(stanza: Stanza): BroadcastPresence {
  // No tree for the many stanzas that cannot have a priority.
  if (!stanza.payload.includes("priority")) return { stanza, priority: 0 };
  const children = stanzaPayload(stanza);
  const priorities = children.filter(isPriority);
  const first = priorities[0];
  if (first === undefined) return { stanza, priority: 0 };
  const match = integer.exec(first.text());
  const stated = match === null ? undefined : Number(match[1]);
  const priority =
    stated === undefined ? 0 : Math.max(LOWEST_PRIORITY, Math.min(HIGHEST_PRIORITY, stated)) || 0;
  if (priorities.length === 1 && stated !== undefined && stated === priority) return { stanza, priority };
  return { stanza: withPriority(stanza, children, priority), priority };
}

function isPriority(child: Element): boolean {
  return child.name === "priority" && child.namespace === NS.client;
}

function withPriority(stanza: Stanza, children: readonly Element[], priority: number): Stanza {
  const corrected: Element[] = [];
  let placed = priority === 0;
  for (const child of children) {
    if (!isPriority(child)) corrected.push(child);
    else if (!placed) {
      corrected.push(element("priority", NS.client, {}, [String(priority)]));
      placed = true;
    }
  }
  return {
    ...stanza,
    payload: corrected.map((child) => serializeElement(child)).join(""),
    childName: corrected[0]?.name,
    childNamespace: corrected[0]?.namespace,
    childCount: corrected.length,
  };
}

/** Presence with no children: all that an entity without a subscription learns (RFC 6121, 4.6.6). */
export function mereAvailability(stanza: Stanza): Stanza {
  return {
    ...stanza,
    extraAttributes: "",
    payload: "",
    childName: undefined,
    childNamespace: undefined,
    childCount: 0,
  };
}
