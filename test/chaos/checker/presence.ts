/** What each session saw of others: one `unavailable` for each end and none without, in time, and the truth at the end. */
import type { Bounds, FinalRoster, Finding } from "./history.ts";
import { endsOf, type SessionEnd } from "./session-ends.ts";
import { bareOf, type History, type SessionLife, stayed } from "./sessions.ts";

export function checkPresence(history: History, bounds: Bounds): Finding[] {
  const ends = new Map<string, SessionEnd[]>();
  const endsFor = (jid: string): SessionEnd[] => {
    let known = ends.get(jid);
    if (known === undefined) {
      known = endsOf(history, jid);
      ends.set(jid, known);
    }
    return known;
  };
  const findings: Finding[] = [];
  for (const life of history.sessions.values()) {
    findings.push(...checkEnds(history, bounds, life, endsFor));
    if (life.endedAt === Number.POSITIVE_INFINITY) findings.push(...checkFinalView(history, life));
  }
  return findings;
}

interface Shown {
  session: number | undefined;
  unused: SessionEnd[];
}

function checkEnds(
  history: History,
  bounds: Bounds,
  life: SessionLife,
  endsFor: (jid: string) => readonly SessionEnd[],
): Finding[] {
  const findings: Finding[] = [];
  const shown = new Map<string, Shown>();
  for (const { at, stanza } of life.received) {
    if (stanza.what !== "available" && stanza.what !== "unavailable") continue;
    const { from } = stanza;
    // A bare JID speaks for an account that has no session.
    if (!from.includes("/") || !history.areFriends(life.account, bareOf(from))) continue;
    let of = shown.get(from);
    if (of === undefined) {
      of = { session: undefined, unused: [...endsFor(from)] };
      shown.set(from, of);
    }
    const accounts = [life.account, bareOf(from)];
    if (stanza.what === "available") {
      of.session = stanza.marker?.session ?? of.session;
      continue;
    }
    const session = of.session;
    of.session = undefined;
    const index = of.unused.findIndex(
      (end) =>
        end.earliest <= at &&
        (session === undefined || end.session === session) &&
        (end.only === undefined || end.only === life.account),
    );
    const end = of.unused[index];
    if (end === undefined) {
      const text = `${life.jid} got unavailable of ${from}`;
      findings.push(
        session === undefined
          ? { kind: "doubled", at, text: `${text} once more`, accounts }
          : { kind: "flicker", at, text: `${text} while its session ${session} had not ended`, accounts },
      );
      continue;
    }
    // What was missed is not made up for by what comes later.
    of.unused = of.unused.slice(index + 1);
    if (end.killedAt === undefined || !stayed(life, end.killedAt, bounds.nodeDeathMs)) continue;
    if (at - end.killedAt > bounds.nodeDeathMs && isCalm(history, life, end.killedAt, at)) {
      const text = `${life.jid} got unavailable of ${from} ${at - end.killedAt} ms after its node died`;
      findings.push({ kind: "late", at, text, accounts });
    }
  }
  return findings;
}

/** Whether nothing but deaths of processes happened in a while. */
function isCalm(history: History, life: SessionLife, from: number, to: number): boolean {
  return !history.events.some(
    (event) =>
      event.kind === "fault" &&
      !event.verb.startsWith("kill") &&
      event.at <= to &&
      event.until >= from - 10_000 &&
      (event.target === undefined ||
        event.verb !== "freeze" ||
        event.target.includes("presence") ||
        event.target === life.node),
  );
}

function checkFinalView(history: History, life: SessionLife): Finding[] {
  if (life.availableAt === Number.POSITIVE_INFINITY || !isAvailable(life)) return [];
  const findings: Finding[] = [];
  const view = new Map<string, { marker: string; at: number }>();
  for (const { at, stanza } of life.received) {
    if (stanza.what === "available") {
      const marker = stanza.marker === undefined ? "" : `${stanza.marker.session}:${stanza.marker.sequence}`;
      view.set(stanza.from, { marker, at });
    } else if (stanza.what === "unavailable") {
      if (stanza.from.includes("/")) view.delete(stanza.from);
      else for (const jid of [...view.keys()]) if (bareOf(jid) === stanza.from) view.delete(jid);
    }
  }
  const sees = subscriptions(history, life.account);
  for (const [jid, { marker, at }] of view) {
    const account = bareOf(jid);
    const other = history.ofJid(jid).find((one) => one.endedAt === Number.POSITIVE_INFINITY);
    const accounts = [life.account, account];
    const subscribed = sees(account);
    if (other === undefined || !(isAvailable(other) || directedTo(other, life).length > 0)) {
      const text = `${life.jid} still sees ${jid} available, which has no session`;
      findings.push({ kind: "ghost", at, text, accounts });
      continue;
    }
    const last = lastPresence(history, other, life, subscribed);
    if (last !== undefined && last !== marker && subscribed) {
      const text = `${life.jid} saw presence ${marker} of ${jid} last; sent last was ${last}`;
      findings.push({ kind: "stale", at, text, accounts });
    }
  }
  for (const other of history.sessions.values()) {
    if (other.endedAt !== Number.POSITIVE_INFINITY || !isAvailable(other)) continue;
    if (view.has(other.jid) || !sees(other.account)) continue;
    // Whom a directed unavailable was sent to sees nothing until the next broadcast.
    if (lastPresence(history, other, life, true) === undefined) continue;
    findings.push({
      kind: "missing",
      at: history.end,
      text: `${life.jid} does not see ${other.jid}, which is available`,
      accounts: [life.account, other.account],
    });
  }
  return findings;
}

/** Whom an account is subscribed to at the end. */
function subscriptions(history: History, account: string): (other: string) => boolean {
  const roster = history.events.findLast(
    (event): event is FinalRoster => event.kind === "roster" && event.account === account,
  );
  const subscribed = new Set(
    roster?.items.filter((item) => /^(to|both)$/.test(item.subscription)).map((item) => item.contact),
  );
  return (other) => other === account || history.areFriends(account, other) || subscribed.has(other);
}

function isAvailable(life: SessionLife): boolean {
  const last = life.sent.findLast(
    ({ stanza }) => (stanza.what === "available" || stanza.what === "unavailable") && stanza.to === undefined,
  );
  return last?.stanza.what === "available";
}

function directedTo(from: SessionLife, to: SessionLife): readonly string[] {
  return from.sent
    .filter(({ stanza }) => stanza.what === "available" && (stanza.to === to.jid || stanza.to === to.account))
    .map(({ session, sequence }) => `${session}:${sequence}`);
}

/** The marker of what a session said last to another; `undefined` when that was `unavailable`. */
function lastPresence(
  history: History,
  from: SessionLife,
  to: SessionLife,
  subscribed: boolean,
): string | undefined {
  const last = from.sent.findLast(({ at, session, sequence, stanza }) => {
    if (stanza.what !== "available" && stanza.what !== "unavailable") return false;
    // What its server has refused it was not.
    if (history.answers.has(`${session}:${sequence}`)) return false;
    if (stanza.to === undefined) return subscribed;
    // What was sent to an earlier session of the same name is not this one's.
    return at >= to.boundAt && (stanza.to === to.jid || stanza.to === to.account);
  });
  return last?.stanza.what === "available" ? `${last.session}:${last.sequence}` : undefined;
}
