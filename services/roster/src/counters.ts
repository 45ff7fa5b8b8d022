import {
  Counts,
  type RosterOperation,
  type RosterOutcome,
  rosterOperations,
  rosterOutcomes,
} from "@rollcall/telemetry";

/** Numbers of the roster service; read by whoever collects them, counted with `field++`. */
export class RosterCounters {
  /** What was asked and has ended; see `ended`. */
  readonly operations = Counts.ofPairs("operation", rosterOperations, "outcome", rosterOutcomes);
  /** Answers to roster gets: the complete roster, the changes since the client's version, or that there is none. */
  answersFull = 0;
  answersByPushes = 0;
  answersNotChanged = 0;
  /** Items pushed to all sessions of an account that want them. */
  itemsPushed = 0;
  /** Commands that came again, after they had been written. */
  replays = 0;
  requestsOverLimit = 0;
  /** Stanzas and commands for accounts that do not exist. */
  unknownAccounts = 0;
  /** Rosters that others changed, told to clients. */
  edits = 0;
  /** What goes on without a handler that waits for it. */
  handedOver = 0;
  handOversFailed = 0;
  handOversUnderWay = 0;
  /** Refused because another process owns the account by now. */
  fenced = 0;
  /** Stanzas owed from before a crash, sent again. */
  recovered = 0;

  ended(operation: RosterOperation, outcome: RosterOutcome): void {
    this.operations.add(
      rosterOperations.indexOf(operation) * rosterOutcomes.length + rosterOutcomes.indexOf(outcome),
    );
  }
}
