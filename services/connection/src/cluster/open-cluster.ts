import type { Bus, Consumer } from "@rollcall/bus";
import { channels } from "@rollcall/contracts";
import type { ManifestSession } from "@rollcall/ownership";
import type { Clock } from "@rollcall/runtime";
import type { Logger } from "@rollcall/telemetry";
import type { LocalSessions } from "../sessions/local-sessions.ts";
import { ReportSessions } from "../sessions/report-sessions.ts";
import { ReportableSessions } from "../sessions/reportable-sessions.ts";
import { Absence } from "./absence.ts";
import type { ConnectionCluster } from "./connection-cluster.ts";
import { RevalidateSessions } from "./revalidate-sessions.ts";

export interface OpenClusterOptions {
  readonly cluster: ConnectionCluster;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly nodeId: string;
  readonly sessions: LocalSessions;
}

const DIRECTED_PER_SESSION = 500;

/** The part of the parts list that only a cluster needs. */
export class OpenCluster {
  readonly reportable: ReportableSessions;
  readonly absence: Absence;
  readonly #options: OpenClusterOptions;
  readonly #revalidation: RevalidateSessions;
  #reports: Consumer | undefined;

  constructor(options: OpenClusterOptions) {
    const { cluster, clock } = options;
    this.#options = options;
    this.reportable = new ReportableSessions({
      clock,
      directedPerSession: cluster.directedPerSession ?? DIRECTED_PER_SESSION,
      changed: (partition) => cluster.manifest.changed(partition),
    });
    this.#revalidation = new RevalidateSessions({ ...options, reportable: this.reportable, sleep });
    this.absence = new Absence({
      connected: () => cluster.connected(),
      heardAt: cluster.heardAt,
      askOwners: () => this.#revalidation.run(),
    });
  }

  start(): void {
    const { bus, cluster, nodeId } = this.#options;
    const report = new ReportSessions({ sessions: this.reportable, owners: cluster.owners });
    this.#reports = bus.answer(channels.reportSessions, { nodeId }, (_key, question) =>
      report.answer(question),
    );
  }

  /** What the node's manifest has to say of a partition. */
  manifestSessions(partition: number): readonly ManifestSession[] {
    const noted: ManifestSession[] = [];
    for (const { ref, jid, acknowledged } of this.reportable.of(partition)) {
      if (!acknowledged?.isOwing) continue;
      noted.push({ session: ref.session, jid, directed: [...acknowledged.directed] });
    }
    return noted;
  }

  /** @param isOver whether every end is confirmed: then there is nothing that anybody could owe. */
  async leave(isOver: boolean): Promise<void> {
    const { manifest } = this.#options.cluster;
    await (isOver ? manifest.clear() : manifest.flush());
  }

  async stop(): Promise<void> {
    this.#revalidation.stop();
    this.absence.stop();
    await this.#reports?.drain();
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
