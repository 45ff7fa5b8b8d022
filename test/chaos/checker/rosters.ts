/** Rosters at the end: what was acknowledged is there, both sides agree, and pushes told the same once and in order. */
import type { Bounds, FinalRoster, Finding, RosterItem } from "./history.ts";
import { type History, keyOf } from "./sessions.ts";

export function checkRosters(history: History, bounds: Bounds): Finding[] {
  const rosters = new Map<string, FinalRoster>();
  for (const event of history.events) if (event.kind === "roster") rosters.set(event.account, event);
  return [
    ...checkNames(history, bounds, rosters),
    ...checkPushes(history, rosters),
    ...checkAgreement(rosters),
  ];
}

interface Operation {
  readonly value: string;
  readonly start: number;
  readonly finish: number;
  readonly acknowledged: boolean;
}

const absent = "absent";

function nameIn(item: RosterItem | undefined): string {
  return item === undefined ? absent : `named ${item.name ?? ""}`;
}

/** Each entry is a register: its last value is one that no acknowledged change came after. */
function checkNames(history: History, bounds: Bounds, rosters: ReadonlyMap<string, FinalRoster>): Finding[] {
  const registers = new Map<string, { account: string; contact: string; operations: Operation[] }>();
  for (const life of history.sessions.values()) {
    for (const sent of life.sent) {
      if (sent.stanza.what !== "roster-set") continue;
      const { contact, name } = sent.stanza;
      const answer = history.answers.get(keyOf(sent))?.[0];
      if (answer?.outcome === "error" && !isUncertain(answer.condition)) continue;
      const acknowledged = answer?.outcome === "result";
      const key = `${life.account} ${contact}`;
      const register = registers.get(key) ?? { account: life.account, contact, operations: [] };
      registers.set(key, register);
      register.operations.push({
        value: name === undefined ? absent : `named ${name}`,
        start: sent.at,
        finish: acknowledged ? answer.at : sent.at + bounds.uncertainMs,
        acknowledged,
      });
    }
  }
  const findings: Finding[] = [];
  for (const { account, contact, operations } of registers.values()) {
    const roster = rosters.get(account);
    // A subscription makes and keeps entries of its own.
    if (roster === undefined || (rosters.has(contact) && !history.areFriends(account, contact))) continue;
    const value = nameIn(roster.items.find((item) => item.contact === contact));
    const initial = history.areFriends(account, contact) ? "named " : absent;
    const candidates = [{ value: initial, start: -1, finish: -1, acknowledged: true }, ...operations].filter(
      (one) => !operations.some((later) => later.acknowledged && later.start > one.finish),
    );
    if (candidates.some((one) => one.value === value)) continue;
    findings.push({
      kind: "lost",
      at: roster.at,
      text: `${account} has ${contact} ${value} at the end; possible were ${candidates.map((one) => one.value).join(", ")}`,
      accounts: [account],
    });
  }
  return findings;
}

/** Errors after which a change may have been made all the same. */
function isUncertain(condition: string | undefined): boolean {
  return condition === undefined || /timeout|internal-server-error|resource-constraint/.test(condition);
}

function describe(item: RosterItem | undefined): string {
  if (item === undefined || item.subscription === "remove") return absent;
  return `${item.subscription}${item.asks ? " (asking)" : ""}, named ${item.name ?? ""}`;
}

function checkPushes(history: History, rosters: ReadonlyMap<string, FinalRoster>): Finding[] {
  const findings: Finding[] = [];
  for (const life of history.sessions.values()) {
    let version: bigint | undefined;
    const last = new Map<string, { item: RosterItem; at: number; version: bigint }>();
    for (const { at, stanza } of life.received) {
      if (stanza.what !== "push") continue;
      const now = BigInt(stanza.version);
      // One that comes late carries the version that the session has then; of another contact it is another push.
      const isLate = now === version && last.get(stanza.item.contact)?.version !== now;
      if (version !== undefined && now <= version && !isLate) {
        const text = `${life.jid} got the push of roster version ${now} after that of ${version}`;
        findings.push({
          kind: now === version ? "doubled" : "reordered",
          at,
          text,
          accounts: [life.account],
        });
      }
      version = now;
      last.set(stanza.item.contact, { item: stanza.item, at, version: now });
    }
    const roster = rosters.get(life.account);
    if (life.endedAt !== Number.POSITIVE_INFINITY || roster === undefined) continue;
    for (const [contact, { item, at }] of last) {
      const now = describe(roster.items.find((one) => one.contact === contact));
      if (at > roster.at || describe(item) === now) continue;
      const text = `${life.jid} was told last that ${contact} is ${describe(item)}; in the roster it is ${now}`;
      findings.push({ kind: "stale", at, text, accounts: [life.account, contact] });
    }
  }
  return findings;
}

function checkAgreement(rosters: ReadonlyMap<string, FinalRoster>): Finding[] {
  const findings: Finding[] = [];
  for (const [account, roster] of rosters) {
    for (const [contact, theirs] of rosters) {
      if (contact === account) continue;
      const here = roster.items.find((item) => item.contact === contact);
      const there = theirs.items.find((item) => item.contact === account);
      const subscribed = /^(to|both)$/.test(here?.subscription ?? "none");
      const shares = /^(from|both)$/.test(there?.subscription ?? "none");
      const asks = here?.asks ?? false;
      const asked = theirs.requests.includes(account);
      if (subscribed === shares && asks === asked) continue;
      findings.push({
        kind: "disagreement",
        at: roster.at,
        text: `${account} has ${contact} as ${describe(here)}; ${contact} has ${account} as ${describe(there)}${asked ? ", with a request waiting" : ""}`,
        accounts: [account, contact],
      });
    }
  }
  return findings;
}
