/** Messages, requests and presence on their way from one session to another: none lost, none twice, none overtaken. */
import type { Bounds, Finding, Received, Sent } from "./history.ts";
import { bareOf, type History, keyOf, type SessionLife, stayed } from "./sessions.ts";

export function checkStanzas(history: History, bounds: Bounds): Finding[] {
  const seenAt = new Map<string, Set<string>>();
  const findings: Finding[] = [];
  for (const life of history.sessions.values()) {
    findings.push(...checkReceiver(history, life, seenAt));
  }
  for (const life of history.sessions.values()) {
    for (const sent of life.sent) findings.push(...checkSent(history, bounds, life, sent, seenAt));
  }
  return findings;
}

function checkReceiver(history: History, life: SessionLife, seenAt: Map<string, Set<string>>): Finding[] {
  const findings: Finding[] = [];
  const seen = new Set<string>();
  /** The highest sequence by sending session. */
  const highest = new Map<number, { sequence: number; what: string }>();
  for (const { at, stanza } of life.received) {
    if (stanza.what === "available" && stanza.from === life.jid) {
      // Requests that wait are said again to whoever becomes available.
      for (const key of seen) if (key.startsWith("request ")) seen.delete(key);
    }
    if (stanza.what === "push" || stanza.marker === undefined) continue;
    const { marker } = stanza;
    const key = keyOf(marker);
    const from = stanza.from;
    if (stanza.what === "message" || stanza.what === "iq" || stanza.what === "subscription") {
      const once = stanza.what === "subscription" ? `request ${key}` : key;
      if (seen.has(once)) {
        findings.push({
          kind: "doubled",
          at,
          text: `${life.jid} got ${stanza.what} ${key} of ${from} more than once`,
          accounts: [life.account, bareOf(from)],
        });
        continue;
      }
      seen.add(once);
    } else if (seen.has(key)) continue;
    seen.add(key);
    const readers = seenAt.get(key) ?? new Set();
    seenAt.set(key, readers.add(life.jid));
    if (!countsForOrder(history, life, { at, stanza }, key)) continue;
    const before = highest.get(marker.session);
    if (before === undefined || before.sequence < marker.sequence) {
      highest.set(marker.session, { sequence: marker.sequence, what: stanza.what });
    } else {
      findings.push({
        kind: "reordered",
        at,
        text: `${life.jid} got ${stanza.what} ${key} of ${from} after ${before.what} ${marker.session}:${before.sequence}`,
        accounts: [life.account, bareOf(from)],
      });
    }
  }
  return findings;
}

/**
 * A presence can be told later in its own right: to one who becomes available or subscribed. It has a place in the
 * order where it was sent to one who was both. A message to an account has none where another session of it left
 * meanwhile: it may have been on its way to that one, and have come back (RFC 6121, 8.5.3.2).
 */
function countsForOrder(
  history: History,
  life: SessionLife,
  { at, stanza }: { readonly at: number; readonly stanza: Exclude<Received["stanza"], { what: "push" }> },
  key: string,
): boolean {
  if (stanza.what === "iq") return true;
  if (stanza.what === "subscription") return false;
  const sent = history.sent.get(key);
  if (stanza.what === "message") {
    if (sent?.stanza.what !== "message" || sent.stanza.to.includes("/")) return true;
    const others = history.ofAccount(life.account).filter((one) => one !== life);
    return !others.some(({ endedAt }) => endedAt >= sent.at - leavingMs && endedAt <= at);
  }
  if (sent === undefined || sent.at <= life.availableAt) return false;
  if (sent.stanza.what !== "available" && sent.stanza.what !== "unavailable") return false;
  return sent.stanza.to !== undefined || history.areFriends(life.account, bareOf(stanza.from));
}

function checkSent(
  history: History,
  bounds: Bounds,
  life: SessionLife,
  sent: Sent,
  seenAt: ReadonlyMap<string, ReadonlySet<string>>,
): Finding[] {
  const { stanza } = sent;
  if (stanza.what !== "message" && stanza.what !== "iq" && stanza.what !== "roster-set") return [];
  const key = keyOf(sent);
  const answers = history.answers.get(key) ?? [];
  const findings: Finding[] = [];
  const to = stanza.what === "roster-set" ? life.account : stanza.to;
  const accounts = [life.account, bareOf(to)];
  if (answers.length > 1) {
    const at = answers[1]?.at ?? sent.at;
    findings.push({
      kind: "doubled",
      at,
      text: `${life.jid} got two answers to ${stanza.what} ${key}`,
      accounts,
    });
  }
  if (!stayed(life, sent.at, bounds.deliveryMs)) return findings;
  if (stanza.what !== "message") {
    if (answers.length === 0 && !(stanza.what === "iq" && leftUnanswered(history, bounds, sent.at, to))) {
      const text = `${life.jid} never got an answer to ${stanza.what} ${key} to ${to}`;
      findings.push({ kind: "lost", at: sent.at, text, accounts });
    }
    return findings;
  }
  if (answers.length > 0 || seenAt.has(key)) return findings;
  if (willBeSeen(history, bounds, sent.at, to)) {
    const text = `message ${key} of ${life.jid} to ${to} was never seen, and no error came`;
    findings.push({ kind: "lost", at: sent.at, text, accounts });
  }
  return findings;
}

/** How long what is on its way to a client may take to get there. */
const leavingMs = 1_000;

/**
 * Whether a request may have reached a session that left without answering: nobody else can tell then whether it was
 * carried out.
 */
function leftUnanswered(history: History, bounds: Bounds, at: number, to: string): boolean {
  return history
    .ofJid(to)
    .some((life) => life.endedAt >= at - leavingMs && life.endedAt <= at + bounds.deliveryMs);
}

/**
 * Whether somebody surely gets a message. The server chooses among the sessions of a bare JID, so that each of them
 * has to be one that stays.
 */
function willBeSeen(history: History, bounds: Bounds, at: number, to: string): boolean {
  const isToSession = to.includes("/");
  const candidates = isToSession ? history.ofJid(to) : history.ofAccount(to);
  const there = candidates.filter(
    (life) =>
      life.boundAt <= at + bounds.deliveryMs &&
      life.endedAt >= at - (isToSession ? leavingMs : closingMs(bounds, life)),
  );
  const stays = (life: SessionLife): boolean =>
    stayed(life, at, bounds.deliveryMs) && life.availableAt < at && !leaves(life);
  // One that comes meanwhile may be chosen too, and leave again.
  return (
    there.some(stays) && there.every((life) => stayed(life, Math.max(at, life.boundAt), bounds.deliveryMs))
  );
}

/**
 * How long a client that left may still be sent what it does not read any more. While an owner stands still the server
 * closes its side late: what the session said before comes first.
 */
function closingMs(bounds: Bounds, life: SessionLife): number {
  return life.endedGracefully ? bounds.deliveryMs : leavingMs;
}

/** Whether a session makes itself unavailable without ending; what it is sent then is a matter of rules not judged here. */
function leaves(life: SessionLife): boolean {
  return life.sent.some(({ stanza }) => stanza.what === "unavailable" && stanza.to === undefined);
}
