import type { RosterView, SubscribersAnswer } from "@rollcall/contracts";
import type { BareJid } from "@rollcall/xmpp";

/**
 * What the roster owners know: who may see an account, and whom it watches.
 *
 * Both are reads and may be asked again at any time. An answer is as fresh as the last write that the roster owner has
 * acknowledged. What changes later comes as account effects, not from here.
 */
export interface RosterViews {
  /** The whole view, for an account that is here. @throws {BusError} when there is no answer in time. */
  view(account: BareJid): Promise<RosterView>;

  /** One contact, for an account whose view is not held. @throws {BusError} when there is no answer in time. */
  contact(account: BareJid, contact: BareJid): Promise<SubscribersAnswer>;
}
