import type { AccountStore } from "@rollcall/accounts";
import type { RosterLimits } from "@rollcall/rfc6121";
import type { Clock } from "@rollcall/runtime";
import type { Logger } from "@rollcall/telemetry";
import type { Admission } from "../admission.ts";
import type { RosterCounters } from "../counters.ts";
import type { HandOvers } from "../effects/hand-overs.ts";
import type { PerformedCommands } from "../effects/performed-commands.ts";
import type { LocalDomains } from "../local-domains.ts";
import type { Rosters } from "../rosters.ts";

/** What the handlers of this service are given. */
export interface RosterServiceParts {
  readonly rosters: Rosters;
  readonly accounts: AccountStore;
  readonly admission: Admission;
  readonly domains: LocalDomains;
  readonly limits: RosterLimits;
  readonly handOvers: HandOvers;
  readonly performed: PerformedCommands;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly counters: RosterCounters;
}
