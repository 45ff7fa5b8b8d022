import type {
  ContactView,
  RosterView,
  RosterViewQuestion,
  SubscribersAnswer,
  SubscribersQuestion,
} from "@rollcall/contracts";
import { contactIn, pendingRequests, subscriptionValue } from "@rollcall/rfc6121";
import { carrySpan } from "@rollcall/telemetry";
import type { RosterServiceParts } from "./roster-service-parts.ts";

/** The roster as the presence owner of the account needs it. */
export async function answerRosterView(
  { rosters, accounts }: RosterServiceParts,
  { account }: RosterViewQuestion,
): Promise<RosterView> {
  const read = carrySpan(() => rosters.read(account));
  if (!(await accounts.exists(account))) {
    return { revision: 0, contacts: [], pendingRequests: [], exists: false };
  }
  const { stored } = await read();
  const { roster } = stored;
  const contacts: ContactView[] = [];
  for (const { jid, inRoster, subscription } of roster.contacts.values()) {
    const value = subscriptionValue(subscription.state);
    if (inRoster || value !== "none") contacts.push({ contact: jid, subscription: value, inRoster });
  }
  return {
    revision: roster.revision,
    contacts,
    pendingRequests: pendingRequests(roster).map(({ stanza }) => stanza),
    exists: true,
  };
}

/** What the account's roster says about one other account. */
export async function answerSubscribers(
  { rosters, accounts }: RosterServiceParts,
  { account, prober }: SubscribersQuestion,
): Promise<SubscribersAnswer> {
  const read = carrySpan(() => rosters.read(account));
  if (!(await accounts.exists(account))) return { exists: false, inRoster: false, subscription: "none" };
  const { stored } = await read();
  const { inRoster, subscription } = contactIn(stored.roster, prober);
  return { exists: true, inRoster, subscription: subscriptionValue(subscription.state) };
}
