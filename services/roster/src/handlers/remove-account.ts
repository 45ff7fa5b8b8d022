import type { AccountEffect } from "@rollcall/contracts";
import { type RosterContact, removalTable } from "@rollcall/rfc6121";
import type { BareJid } from "@rollcall/xmpp";
import type { EffectPlan, EffectStep } from "../effects/plan-effects.ts";
import { owedStanzas } from "../store/command-log.ts";
import type { RosterServiceParts } from "./roster-service-parts.ts";

/**
 * Takes a removed account out of the rosters of its contacts, as if it had removed each of them, and then deletes its
 * own. Contacts first: cut off in between, it starts over and repeats what is harmless to repeat.
 *
 * @returns how many contacts it had
 * @throws {StoreUnavailableError | BusError} ask again
 */
export async function removeAccount(parts: RosterServiceParts, owner: BareJid): Promise<number> {
  const { rosters, accounts, clock, domains, logger } = parts;
  accounts.forget(owner);
  const { stored } = await rosters.read(owner);
  const contacts = [...stored.roster.contacts.values()];
  const at = clock.now();
  const { revision } = stored.roster;

  const plan = (steps: readonly EffectStep[]): EffectPlan => ({
    owner,
    id: rosters.ownId(),
    revision,
    at,
    steps,
    replies: [],
    contact: undefined,
  });
  const farewells: AccountEffect[] = contacts
    .filter(({ subscription }) => removalTable[subscription.state].sendUnavailable)
    .map(({ jid }) => ({ kind: "send-unavailable-to-contact", contact: jid }));
  if (farewells.length > 0) await rosters.tell(plan([{ kind: "account", effects: farewells }]));

  const isLocal = ({ jid }: RosterContact) => domains.has(jid);
  for (const { jid, subscription } of contacts.filter(isLocal)) {
    const owed = owedStanzas(owner, {
      id: rosters.ownId(),
      event: "remove",
      contact: jid,
      before: subscription,
      stanza: undefined,
      confirmed: false,
    });
    await rosters.deliver(owed, at);
  }
  await rosters.remove(owner);
  await rosters.tell(plan([{ kind: "account", effects: [{ kind: "account-removed" }] }]));
  logger.info({ event: "roster.account-removed", account: owner, contacts: contacts.length });
  return contacts.length;
}
