import type { AccountStore } from "@rollcall/accounts";
import type { Bus, Consumer } from "@rollcall/bus";
import { channels } from "@rollcall/contracts";
import type { Preparation } from "@rollcall/ownership";
import type { RosterLimits } from "@rollcall/rfc6121";
import type { Clock, Service } from "@rollcall/runtime";
import type { Logger, RosterOperation, RosterOutcome } from "@rollcall/telemetry";
import type { BareJid } from "@rollcall/xmpp";
import { Admission } from "./admission.ts";
import type { RosterSettings } from "./config.ts";
import { RosterCounters } from "./counters.ts";
import { Confirmations } from "./effects/confirmations.ts";
import { HandOvers } from "./effects/hand-overs.ts";
import { NoteConfirmations } from "./effects/note-confirmations.ts";
import { PerformEffects } from "./effects/perform-effects.ts";
import { PerformedCommands } from "./effects/performed-commands.ts";
import { ForgetPartitions } from "./forget-partitions.ts";
import { administerRoster } from "./handlers/administer-roster.ts";
import { answerRosterView, answerSubscribers } from "./handlers/answer-view.ts";
import { changeInbound, changeOutbound } from "./handlers/change-subscription.ts";
import { handleRosterIq } from "./handlers/handle-roster-iq.ts";
import type { RosterServiceParts } from "./handlers/roster-service-parts.ts";
import { LocalDomains } from "./local-domains.ts";
import { Rosters } from "./rosters.ts";
import type { RosterStore } from "./store/roster-store.ts";

export interface RosterServiceDeps {
  readonly settings: RosterSettings;
  readonly bus: Bus;
  readonly store: RosterStore;
  readonly accounts: AccountStore;
  readonly clock: Clock;
  readonly logger: Logger;
  /** New at every start; the origin of what this service sends of itself. */
  readonly instanceId: string;
}

export interface RosterService extends Service {
  readonly counters: RosterCounters;
  /** To be told of partitions before they are served, and after they were lost. */
  readonly partitions: Preparation;
}

/** The roster and the subscription state of every account. */
export function createRosterService(deps: RosterServiceDeps): RosterService {
  const { settings, bus, store, accounts, clock } = deps;
  const logger = deps.logger.with({ service: "roster" });
  const counters = new RosterCounters();
  const domains = new LocalDomains(settings.domains);
  const limits: RosterLimits = {
    maxItems: settings["roster.max_items"],
    maxGroupsPerItem: settings["roster.max_groups_per_item"],
    maxNameBytes: settings["roster.max_name_bytes"],
    maxPendingRequests: settings["roster.max_pending_requests"],
    maxRequestLength: settings["roster.max_request_length"],
  };

  const confirmations = new Confirmations();
  const handOvers = new HandOvers({ limit: settings["roster.max_hand_overs"], logger, counters });
  const performEffects = new PerformEffects({
    bus,
    clock,
    logger,
    counters,
    domains,
    confirmations,
    handOvers,
    patienceMs: settings["roster.contact_patience_ms"],
  });
  const rosters = new Rosters({
    store,
    performEffects,
    confirmations,
    clock,
    counters,
    instanceId: deps.instanceId,
  });
  const parts: RosterServiceParts = {
    rosters,
    accounts,
    admission: new Admission(accounts),
    domains,
    limits,
    handOvers,
    performed: new PerformedCommands(),
    clock,
    logger,
    counters,
  };

  const noteConfirmations = new NoteConfirmations({
    confirmations,
    note: (owner) => rosters.noteConfirmations(owner),
    clock,
    logger,
  });
  const forgetPartitions = new ForgetPartitions({ store, confirmations });

  async function answered<A extends object>(operation: RosterOperation, answering: Promise<A>): Promise<A> {
    let outcome: RosterOutcome = "failed";
    try {
      const answer = await answering;
      outcome = "kind" in answer && answer.kind === "refused" ? "refused" : "done";
      return answer;
    } finally {
      counters.ended(operation, outcome);
    }
  }

  let consumers: readonly Consumer[] = [];

  function open(): readonly Consumer[] {
    return [
      bus.consume(channels.rosterCommands, {}, (key, command) =>
        command.kind === "roster-iq"
          ? handleRosterIq(parts, key as BareJid, command)
          : changeOutbound(parts, key as BareJid, command),
      ),
      bus.consume(channels.inboundSubscriptions, {}, (key, inbound) =>
        changeInbound(parts, key as BareJid, inbound),
      ),
      bus.answer(channels.rosterView, {}, (_key, question) =>
        answered("view", answerRosterView(parts, question)),
      ),
      bus.answer(channels.subscribers, {}, (_key, question) =>
        answered("subscribers", answerSubscribers(parts, question)),
      ),
      bus.answer(channels.rosterAdmin, {}, (key, question) =>
        answered("admin", administerRoster(parts, key as BareJid, question)),
      ),
    ];
  }

  return {
    name: "roster",
    counters,
    partitions: {
      // Whatever is still known dates from an earlier time as owner.
      async gained(partition) {
        await forgetPartitions.forget(partition);
      },
      lost(partition) {
        void forgetPartitions.forget(partition);
      },
    },
    async start() {
      consumers = open();
      noteConfirmations.start();
    },
    notReady: () => (consumers.length === 0 ? ["roster: takes no work"] : []),
    async drain(budgetMs) {
      const open = consumers;
      consumers = [];
      // Automatic replies go to other accounts of this very service: they first, then the consumers.
      await within(budgetMs, async () => {
        await handOvers.settled();
        await Promise.all(open.map((consumer) => consumer.drain()));
        await handOvers.settled();
        await noteConfirmations.finish();
      });
    },
    async stop() {},
  };
}

async function within(ms: number, work: () => Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const budget = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work(), budget]).finally(() => clearTimeout(timer));
}
