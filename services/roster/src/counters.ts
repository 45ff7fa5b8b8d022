/** Numbers of the roster service; read by whoever collects them, counted with `field++`. */
export class RosterCounters {
  gets = 0;
  getsUpToDate = 0;
  sets = 0;
  removals = 0;
  outboundSubscriptions = 0;
  inboundSubscriptions = 0;
  refusals = 0;
  /** Commands that came again, after they had been written. */
  replays = 0;
  requestsOverLimit = 0;
  /** Stanzas and commands for accounts that do not exist. */
  unknownAccounts = 0;
  views = 0;
  subscriberQuestions = 0;
  adminQuestions = 0;
  storeFailures = 0;
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
}
