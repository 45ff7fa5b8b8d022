import type { ContactRecord, SessionSummary, WhyReason } from "@rollcall/contracts";
import type { AccountFacts, Told } from "./account-facts.ts";
import type { WhyFacts } from "./why-shown.ts";

/** What it finds in the way, or `undefined`. */
export type WhyRule = (facts: WhyFacts) => WhyReason | undefined;

const reason = (effect: WhyReason["effect"], code: string, message: string, action: string): WhyReason => ({
  code,
  effect,
  message,
  action,
});

function known<T>(told: Told<T>): T | undefined {
  return told.kind === "told" ? told.value : undefined;
}

function sessionsOf(side: AccountFacts): readonly SessionSummary[] | undefined {
  return known(side.presence)?.sessions;
}

function availableOf(side: AccountFacts): readonly SessionSummary[] {
  return sessionsOf(side)?.filter(({ available }) => available) ?? [];
}

/** The other one as the roster has it; `undefined` where it is not there, and where the roster is not known. */
function itemFor(side: AccountFacts, other: AccountFacts): ContactRecord | undefined {
  return known(side.roster)?.contacts[other.jid];
}

const lets = (item: ContactRecord | undefined): boolean =>
  item?.subscription === "from" || item?.subscription === "both";
const sees = (item: ContactRecord | undefined): boolean =>
  item?.subscription === "to" || item?.subscription === "both";

const hasDirected = ({ romeo }: WhyFacts): boolean =>
  availableOf(romeo).some(({ directed }) => directed === true);

const noAccount =
  (side: "romeo" | "juliet"): WhyRule =>
  (facts) => {
    const { account, jid } = facts[side];
    if (account.kind === "silent") {
      return reason(
        "unknown",
        "account-unknown",
        `whether ${jid} exists could not be read: ${account.reason}`,
        "look at Riak: rollcall status",
      );
    }
    if (account.value.exists) return undefined;
    const action = `check how it is written; rollcall user list shows all, rollcall user add ${jid} makes it`;
    return reason("blocks", "no-account", `there is no account ${jid}`, action);
  };

const presenceSilent =
  (side: "romeo" | "juliet"): WhyRule =>
  (facts) => {
    const { jid, presence } = facts[side];
    if (presence.kind === "told") return undefined;
    return reason(
      "unknown",
      "presence-owner-silent",
      `the presence owner of ${jid} does not answer: ${presence.reason}`,
      "rollcall status shows whether a partition has no owner; a new one takes over within seconds",
    );
  };

const rosterSilent =
  (side: "romeo" | "juliet"): WhyRule =>
  (facts) => {
    const { jid, roster } = facts[side];
    if (roster.kind === "told") return undefined;
    return reason(
      "unknown",
      "roster-owner-silent",
      `the roster owner of ${jid} does not answer: ${roster.reason}`,
      "rollcall status shows whether a partition has no owner, or Riak is away",
    );
  };

const offline: WhyRule = ({ romeo }) => {
  const presence = known(romeo.presence);
  if (presence === undefined || presence.sessions.length > 0) return undefined;
  const { lastUnavailableAt: at } = presence;
  const since = at === undefined ? "" : `; last seen going offline at ${new Date(at).toISOString()}`;
  return reason(
    "blocks",
    "offline",
    `${romeo.jid} has no session${since}`,
    "if a client says that it is connected, look for refused logins in the logs of the connection nodes",
  );
};

const notAvailable: WhyRule = ({ romeo }) => {
  const sessions = sessionsOf(romeo) ?? [];
  if (sessions.length === 0 || availableOf(romeo).length > 0) return undefined;
  if (sessions.every(({ leaving }) => leaving === true)) {
    return reason(
      "blocks",
      "leaving",
      `every session of ${romeo.jid} has lost its connection or its node, and is being ended`,
      "nothing: contacts are told in turn (presence.node_death_rate); the client logs in again by itself",
    );
  }
  return reason(
    "blocks",
    "not-available",
    `${romeo.jid} is connected (${names(sessions)}), and has sent no available presence`,
    "its client is invisible, or does not send <presence/> after login (RFC 6121, 4.2)",
  );
};

const notSubscribed: WhyRule = (facts) => {
  const { romeo, juliet } = facts;
  if (romeo.roster.kind === "silent" || hasDirected(facts)) return undefined;
  const item = itemFor(romeo, juliet);
  if (lets(item)) return undefined;
  const back = itemFor(juliet, romeo);
  if (item?.pending_requests?.subscribe !== undefined) {
    return reason(
      "blocks",
      "request-pending",
      `${juliet.jid} has asked to see ${romeo.jid}, who has not answered`,
      `${romeo.jid} accepts it in a client; the request is shown at each login`,
    );
  }
  if (sees(back)) {
    return reason(
      "blocks",
      "rosters-disagree",
      `the roster of ${juliet.jid} says that it sees ${romeo.jid} (${back?.subscription}), and that of ${romeo.jid} does not let it (${item?.subscription ?? "no such contact"})`,
      `what the roster of ${romeo.jid} says counts: remove the contact at ${juliet.jid} and ask again, or import the right state: rollcall roster import`,
    );
  }
  if (back?.ask === "subscribe") {
    return reason(
      "blocks",
      "request-not-arrived",
      `${juliet.jid} has asked to see ${romeo.jid}, whose roster has no such request`,
      `it is on its way, or ${romeo.jid} has refused it before; ask again if this stays`,
    );
  }
  return reason(
    "blocks",
    "not-subscribed",
    `${juliet.jid} is not subscribed to ${romeo.jid}`,
    `${juliet.jid} adds ${romeo.jid} in a client, who then accepts`,
  );
};

const directedOnly: WhyRule = (facts) => {
  const { romeo, juliet } = facts;
  if (!hasDirected(facts) || lets(itemFor(romeo, juliet))) return undefined;
  return reason(
    "hint",
    "directed-only",
    `${romeo.jid} has sent ${juliet.jid} directed presence, and lets it see nothing else`,
    "who was not there when it was sent never saw it, and changes are not told (RFC 6121, 4.6)",
  );
};

const viewBehind: WhyRule = (facts) => {
  const { romeo, juliet } = facts;
  const tells = known(romeo.presence)?.tellsContact;
  if (tells !== false || !lets(itemFor(romeo, juliet)) || hasDirected(facts)) return undefined;
  return reason(
    "blocks",
    "view-behind",
    `the roster of ${romeo.jid} lets ${juliet.jid} see it, and its presence owner does not know that yet`,
    `ask again in seconds; if it stays, the next login of ${romeo.jid} reads the roster anew`,
  );
};

const viewAhead: WhyRule = (facts) => {
  const { romeo, juliet } = facts;
  if (romeo.roster.kind === "silent" || lets(itemFor(romeo, juliet))) return undefined;
  if (known(romeo.presence)?.tellsContact !== true) return undefined;
  return reason(
    "hint",
    "view-ahead",
    `the presence owner of ${romeo.jid} still tells ${juliet.jid}, whom the roster does not let see it any more`,
    "ask again in seconds; rollcall roster refresh tells it after a change by hand",
  );
};

const oneSided: WhyRule = (facts) => {
  const { romeo, juliet } = facts;
  if (juliet.roster.kind === "silent" || hasDirected(facts)) return undefined;
  if (!lets(itemFor(romeo, juliet)) || sees(itemFor(juliet, romeo))) return undefined;
  return reason(
    "blocks",
    "one-sided",
    `${romeo.jid} lets ${juliet.jid} see it, and the roster of ${juliet.jid} does not say so (${itemFor(juliet, romeo)?.subscription ?? "no such contact"})`,
    `presence is sent, and clients show none of strangers: ${juliet.jid} adds ${romeo.jid} again, or import the right state`,
  );
};

const observerOffline: WhyRule = ({ juliet }) => {
  const presence = known(juliet.presence);
  if (presence === undefined || presence.sessions.length > 0) return undefined;
  return reason(
    "blocks",
    "observer-offline",
    `${juliet.jid} has no session, so there is nobody to show it to`,
    "if a client says that it is connected, look for refused logins in the logs of the connection nodes",
  );
};

const observerNotAvailable: WhyRule = ({ juliet }) => {
  const sessions = sessionsOf(juliet) ?? [];
  if (sessions.length === 0 || availableOf(juliet).length > 0) return undefined;
  return reason(
    "blocks",
    "observer-not-available",
    `${juliet.jid} is connected (${names(sessions)}), and has sent no available presence`,
    "presence of others goes to available resources only: its client is invisible, or does not send <presence/>",
  );
};

const observerNotInterested: WhyRule = ({ juliet }) => {
  const available = availableOf(juliet);
  if (available.length === 0 || available.some(({ interested }) => interested)) return undefined;
  return reason(
    "hint",
    "observer-not-interested",
    `no available session of ${juliet.jid} has fetched the roster`,
    "presence is sent; many clients show it only for contacts of a roster that they have (RFC 6121, 2.2)",
  );
};

const observerNodeSilent: WhyRule = ({ juliet, silentNodes }) => {
  const available = availableOf(juliet);
  const silent = available.filter(({ node }) => silentNodes.has(node));
  if (silent.length === 0) return undefined;
  const nodes = [...new Set(silent.map(({ node }) => node))].join(", ");
  const all = silent.length === available.length;
  return reason(
    all ? "blocks" : "hint",
    "observer-node-silent",
    `the connection node of ${names(silent)} of ${juliet.jid} does not answer: ${nodes}`,
    "if it is dead its sessions end within seconds, and clients log in elsewhere; if it hangs, restart it",
  );
};

const nodeSilent: WhyRule = ({ romeo, silentNodes }) => {
  const silent = availableOf(romeo).filter(({ node }) => silentNodes.has(node));
  if (silent.length === 0) return undefined;
  const nodes = [...new Set(silent.map(({ node }) => node))].join(", ");
  return reason(
    "hint",
    "node-silent",
    `the connection node of ${names(silent)} of ${romeo.jid} does not answer: ${nodes}`,
    "what is shown may be old: if the node is dead, contacts are told within seconds",
  );
};

const owed: WhyRule = (facts) => {
  const { romeo, juliet } = facts;
  const owes = (side: AccountFacts, other: AccountFacts): boolean =>
    known(side.roster)?.commands.some(({ confirmed, contact }) => !confirmed && contact === other.jid) ===
    true;
  if (!owes(romeo, juliet) && !owes(juliet, romeo)) return undefined;
  return reason(
    "hint",
    "change-under-way",
    "a change of the subscription between the two has not reached both rosters yet",
    "ask again in seconds; it is tried again until it has",
  );
};

const disabled: WhyRule = ({ romeo, juliet }) => {
  const off = [romeo, juliet].filter(({ account }) => known(account)?.disabled === true);
  if (off.length === 0) return undefined;
  const who = [...new Set(off.map(({ jid }) => jid))].join(" and ");
  return reason(
    "hint",
    "disabled",
    `${who} may not log in`,
    "the account is disabled; sessions from before go on",
  );
};

function names(sessions: readonly SessionSummary[]): string {
  const shown = sessions.slice(0, 3).map(({ resource }) => resource);
  return sessions.length > 3 ? `${shown.join(", ")} and ${sessions.length - 3} more` : shown.join(", ");
}

/** In the order in which presence travels. */
export const whyRules: readonly WhyRule[] = [
  noAccount("romeo"),
  presenceSilent("romeo"),
  offline,
  notAvailable,
  rosterSilent("romeo"),
  notSubscribed,
  directedOnly,
  viewBehind,
  viewAhead,
  nodeSilent,
  noAccount("juliet"),
  rosterSilent("juliet"),
  oneSided,
  presenceSilent("juliet"),
  observerOffline,
  observerNotAvailable,
  observerNotInterested,
  observerNodeSilent,
  owed,
  disabled,
];
