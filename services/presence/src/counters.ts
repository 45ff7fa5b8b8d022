import { Histogram, secondsBounds, sizeBounds } from "@rollcall/telemetry";

/** Numbers of the presence service; read by whoever collects them, counted with `field++`. */
export class PresenceCounters {
  sessions = 0;
  availableSessions = 0;
  accounts = 0;
  rostersHeld = 0;

  bound = 0;
  bindRefused = 0;
  ended = 0;

  broadcasts = 0;
  broadcastsFailed = 0;
  /** Accounts that one broadcast goes to. */
  readonly fanOutRecipients = new Histogram(sizeBounds);
  presenceDelivered = 0;
  /** Of these: those that joined the same stanza for another session of their node. */
  deliveriesCoalesced = 0;
  directedPresence = 0;
  probesAnswered = 0;
  probesRefused = 0;
  probesUnanswered = 0;

  delivered = 0;
  ignored = 0;
  misrouted = 0;
  bounced = 0;
  answeredForAccount = 0;
  offlineStored = 0;
  offlineRefused = 0;
  offlineDelivered = 0;
  offlineFailed = 0;
  heldBack = 0;

  effects = 0;
  effectsSkipped = 0;

  rosterQuestions = 0;
  rosterQuestionsFailed = 0;

  nodeMessages = 0;
  nodeItems = 0;
  /** What no node has taken yet. */
  nodeItemsWaiting = 0;
  nodeItemsDropped = 0;
  /** From the first item of a message to the word of the node that it has it. */
  readonly nodeMessageSeconds = new Histogram(secondsBounds);
  nodeFailures = 0;
  handedOverFailed = 0;
  /** Refused because another process owns the account by now. */
  fenced = 0;

  /** Partitions served after a rebuild, and those being rebuilt. */
  partitionsServed = 0;
  partitionsRebuilding = 0;
  sessionsRebuilt = 0;
  /** Sessions of nodes that died, ended here, and those of which only their node had kept note. */
  sessionsEndedWithNode = 0;
  nodesLost = 0;
  debtsPaid = 0;
}
