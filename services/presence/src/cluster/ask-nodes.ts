import { type Bus, BusError } from "@rollcall/bus";
import {
  channels,
  type ReportedSession,
  type SessionReport,
  type SessionReportQuestion,
} from "@rollcall/contracts";
import type { NodeWatch } from "@rollcall/ownership";

export interface AskNodesOptions {
  readonly bus: Pick<Bus, "request">;
  readonly nodes: NodeWatch;
  readonly sleep: (ms: number) => Promise<void>;
  /** Name of this process on the bus, with its incarnation. */
  readonly instanceId: string;
}

export interface NodeReport {
  readonly node: string;
  readonly sessions: readonly ReportedSession[];
}

export type AskedPartitions = SessionReportQuestion["partitions"];

const QUESTION_MS = 2_000;
/** A node that has not answered by then is asked whether it is there at all. */
const PING_AFTER_MS = 200;
const RETRY_MS = 50;

/** Asks connection nodes which sessions they have. */
export class AskNodes {
  readonly #options: AskNodesOptions;

  constructor(options: AskNodesOptions) {
    this.#options = options;
  }

  /**
   * Asks every node that is there, all at the same time.
   *
   * @param partitions those that are still wanted; asked for with each page.
   * @param others nodes that may be there although they were not heard.
   * @returns the reports of the nodes that are there; the others are dead.
   */
  async ask(partitions: () => AskedPartitions, others: Iterable<string>): Promise<readonly NodeReport[]> {
    const here = this.#options.nodes.nodes();
    const unheard = [...new Set(others)].filter((node) => !here.includes(node));
    const reports = await Promise.all([
      ...here.map((node) => this.#askUntilAnswered(node, partitions)),
      ...unheard.map((node) => this.#askOnce(node, partitions)),
    ]);
    return reports.filter((report) => report !== undefined);
  }

  async #askOnce(node: string, partitions: () => AskedPartitions): Promise<NodeReport | undefined> {
    const { nodes } = this.#options;
    if (!(await nodes.isThere(node))) return undefined;
    // A node that stands still is there as well, and does not answer.
    return this.#pages(node, partitions, new Promise(() => {})).catch(nothing);
  }

  async #askUntilAnswered(node: string, partitions: () => AskedPartitions): Promise<NodeReport | undefined> {
    const { nodes, sleep } = this.#options;
    let isDead = false;
    let stop = (): void => {};
    const death = new Promise<undefined>((resolve) => {
      stop = nodes.onDead((nodeId) => {
        if (nodeId !== node) return;
        isDead = true;
        resolve(undefined);
      });
    });
    try {
      while (!isDead && partitions().length > 0) {
        try {
          return await this.#pages(node, partitions, death);
        } catch (error) {
          if (!(error instanceof BusError)) throw error;
          if (!(await nodes.isThere(node))) return undefined;
          await sleep(RETRY_MS);
        }
      }
      return undefined;
    } finally {
      stop();
    }
  }

  /** @throws {BusError} when a page does not come. */
  async #pages(
    node: string,
    partitions: () => AskedPartitions,
    death: Promise<undefined>,
  ): Promise<NodeReport | undefined> {
    const sessions: ReportedSession[] = [];
    for (let after = 0; ; ) {
      const wanted = partitions();
      if (wanted.length === 0) return { node, sessions: [] };
      const report = await Promise.race([this.#page(node, wanted, after), death]);
      if (report === undefined) return undefined;
      for (const session of report.sessions) sessions.push(session);
      const last = report.sessions.at(-1);
      if (!report.more || last === undefined) return { node, sessions };
      after = last.session;
    }
  }

  /** @returns `undefined` when there is no such node. */
  async #page(node: string, partitions: AskedPartitions, after: number): Promise<SessionReport | undefined> {
    const { bus, nodes, sleep, instanceId } = this.#options;
    const question = { owner: instanceId, partitions, after };
    const answer = bus.request(channels.reportSessions, node, question, QUESTION_MS);
    const absence = (async () => {
      await sleep(PING_AFTER_MS);
      return (await nodes.isThere(node)) ? answer : undefined;
    })();
    // Whichever comes first is returned; the other one may fail without anybody waiting.
    absence.catch(nothing);
    return Promise.race([answer, absence]);
  }
}

function nothing(): undefined {
  return undefined;
}
