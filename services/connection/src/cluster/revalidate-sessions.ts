import type { Bus } from "@rollcall/bus";
import { channels, PARTITIONS } from "@rollcall/contracts";
import type { Logger } from "@rollcall/telemetry";
import type { LocalSession } from "../sessions/local-session.ts";
import type { LocalSessions } from "../sessions/local-sessions.ts";
import type { ReportableSessions } from "../sessions/reportable-sessions.ts";

export interface RevalidateSessionsOptions {
  readonly bus: Pick<Bus, "request">;
  readonly logger: Logger;
  readonly nodeId: string;
  readonly sessions: LocalSessions;
  readonly reportable: ReportableSessions;
  readonly sleep: (ms: number) => Promise<void>;
}

/** Handles in one question. */
const SESSIONS_AT_A_TIME = 1_000;
const CONCURRENT_QUESTIONS = 16;
const QUESTION_MS = 2_000;
const RETRY_MS = 100;
/** After a standstill the overdue beat goes out first: who answers has heard that this node is alive. */
const AFTER_BEAT_MS = 10;

/** After an absence: asks owners which sessions still count, and ends the streams of the others. */
export class RevalidateSessions {
  readonly #options: RevalidateSessionsOptions;
  #isStopped = false;

  constructor(options: RevalidateSessionsOptions) {
    this.#options = options;
  }

  stop(): void {
    this.#isStopped = true;
  }

  /** Resolves when the owners of all sessions have answered, however long that takes. */
  async run(): Promise<void> {
    const { logger, sleep } = this.#options;
    await sleep(AFTER_BEAT_MS);
    const asked = new Set<LocalSession>();
    const began = performance.now();
    let ended = 0;
    // A resource may be bound meanwhile by an owner that does not know of it any more.
    for (let groups = this.#unasked(asked); groups.length > 0 && !this.#isStopped; ) {
      const work = async (): Promise<void> => {
        for (let group = groups.pop(); group !== undefined; group = groups.pop()) {
          ended += await this.#ask(group);
        }
      };
      await Promise.all(Array.from({ length: CONCURRENT_QUESTIONS }, work));
      groups = this.#unasked(asked);
    }
    if (this.#isStopped) return;
    const ms = Math.round(performance.now() - began);
    logger.warn({ event: "session.revalidated", sessions: asked.size, ended, ms });
  }

  /** Sessions of one partition each, and marked as asked. */
  #unasked(asked: Set<LocalSession>): LocalSession[][] {
    const { reportable, sessions } = this.#options;
    const groups: LocalSession[][] = [];
    for (let partition = 0; partition < PARTITIONS; partition += 1) {
      let group: LocalSession[] = [];
      for (const session of reportable.of(partition)) {
        // Those whose streams are gone are ended anyway.
        if (asked.has(session) || sessions.find(session.ref.session) !== session) continue;
        asked.add(session);
        if (group.length === 0) groups.push(group);
        group.push(session);
        if (group.length === SESSIONS_AT_A_TIME) group = [];
      }
    }
    return groups;
  }

  /** @returns how many of the sessions are over. */
  async #ask(group: readonly LocalSession[]): Promise<number> {
    const { bus, logger, nodeId, sleep } = this.#options;
    const account = group[0]!.account;
    const byHandle = new Map(group.map((session) => [session.ref.session, session]));
    const question = { node: nodeId, sessions: [...byHandle.keys()] };
    while (!this.#isStopped) {
      try {
        const { unknown } = await bus.request(channels.knownSessions, account, question, QUESTION_MS);
        return this.#endAll(unknown.map((handle) => byHandle.get(handle)));
      } catch (error) {
        logger.debug({ event: "session.not-revalidated", account, error });
        await sleep(RETRY_MS);
      }
    }
    return 0;
  }

  #endAll(unknown: readonly (LocalSession | undefined)[]): number {
    let ended = 0;
    for (const session of unknown) {
      if (session?.acknowledged === undefined) continue;
      ended += 1;
      session.acknowledged.isDisowned = true;
      // Of the conditions of RFC 6120, 4.9.3, `reset` alone says what has to be done: the stream has to be negotiated anew.
      // `conflict` keeps many clients from coming back, and `connection-timeout` says that the client was not there.
      session.stream.closeWith("reset", "the session was ended while the server was away");
    }
    return ended;
  }
}
