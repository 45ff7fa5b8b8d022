import type { ReportedSession, SessionReport, SessionReportQuestion } from "@rollcall/contracts";
import type { OwnerMap } from "@rollcall/ownership";
import type { LocalSession } from "./local-session.ts";
import type { ReportableSessions } from "./reportable-sessions.ts";

const PAGE_SESSIONS = 1_000;
/** A page ends with the session that goes beyond. One session is below this; a message of the bus may have a megabyte. */
const PAGE_BYTES = 400_000;
/** What a session costs beside its texts. */
const SESSION_BYTES = 200;

export interface ReportSessionsOptions {
  readonly sessions: ReportableSessions;
  readonly owners: Pick<OwnerMap, "note">;
}

/** Tells a new presence owner which sessions this node has in its partitions (`channels.reportSessions`). */
export class ReportSessions {
  readonly #options: ReportSessionsOptions;

  constructor(options: ReportSessionsOptions) {
    this.#options = options;
  }

  async answer({ owner, partitions, after }: SessionReportQuestion): Promise<SessionReport> {
    const { owners, sessions } = this.#options;
    for (const { partition, epoch } of partitions) owners.note(partition, { instanceId: owner, epoch });
    // What the owner before has acknowledged may have come in the same turn.
    await new Promise((resolve) => setImmediate(resolve));
    const asked = partitions.map(({ partition }) => partition);
    const page: ReportedSession[] = [];
    let bytes = 0;
    for (const session of sessions.behind(after, asked)) {
      if (page.length >= PAGE_SESSIONS || bytes >= PAGE_BYTES) return { sessions: page, more: true };
      const reported = report(session);
      page.push(reported);
      bytes += sizeOf(reported);
    }
    return { sessions: page, more: false };
  }
}

function report({ ref, jid, acknowledged }: LocalSession): ReportedSession {
  return {
    session: ref.session,
    jid,
    boundAt: acknowledged?.boundAt ?? 0,
    interested: acknowledged?.interested ?? false,
    presence: acknowledged?.presence,
    presenceAt: acknowledged?.presenceAt ?? 0,
    becomesAvailable: acknowledged?.becomesAvailable || undefined,
    directed: [...(acknowledged?.directed ?? [])],
  };
}

function sizeOf({ jid, presence, directed }: ReportedSession): number {
  let bytes = SESSION_BYTES + 2 * Buffer.byteLength(jid);
  if (presence !== undefined) {
    bytes += Buffer.byteLength(presence.payload) + Buffer.byteLength(presence.extraAttributes);
  }
  for (const target of directed) bytes += Buffer.byteLength(target) + 3;
  return bytes;
}
