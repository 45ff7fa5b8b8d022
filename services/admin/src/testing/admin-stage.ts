/** A real admin service for tests: on a free port, over accounts in memory and owners that only keep maps. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type AccountStore, createMemoryAccountStore } from "@rollcall/accounts";
import { type Bus, createMemoryBus } from "@rollcall/bus";
import {
  type ContactRecord,
  channels,
  type RosterAdminAnswer,
  type RosterAdminQuestion,
  type SessionSummary,
} from "@rollcall/contracts";
import { type Control, createControlHub } from "@rollcall/control";
import { createHttpServer, Health, loadSettings, type Service, type SettingValues } from "@rollcall/runtime";
import { CounterRegistry, type Logger, silentLogger } from "@rollcall/telemetry";
import { adminSettings } from "../config.ts";
import { createAdminService } from "../service.ts";

export interface AdminStageOptions {
  readonly settings?: Partial<SettingValues<typeof adminSettings>>;
  readonly accounts?: AccountStore;
  readonly logger?: Logger;
  /** Runs before a roster owner answers; what it throws, the question fails with. */
  readonly beforeRoster?: (jid: string, question: RosterAdminQuestion) => Promise<void> | void;
  readonly removeOfflineMessages?: (jid: string) => Promise<void>;
}

export interface AdminStage {
  readonly url: string;
  readonly token: string;
  readonly dataDir: string;
  readonly accounts: AccountStore;
  readonly bus: Bus;
  /** Of the only process there is. */
  readonly control: Control;
  readonly service: Service;
  /** Rosters of the owner, by account. */
  readonly rosters: Map<string, Record<string, ContactRecord>>;
  readonly sessions: Map<string, SessionSummary[]>;
  /** Every question that an owner was asked, as `kind jid`, in order. */
  readonly asked: string[];
  stop(): Promise<void>;
}

/** Domains `example.org` and `example.net`, the token made up by the service, unless the options say otherwise. */
export async function startAdminStage(options: AdminStageOptions = {}): Promise<AdminStage> {
  const dataDir = await mkdtemp(join(tmpdir(), "rollcall-admin-"));
  const logger = options.logger ?? silentLogger;
  const accounts = options.accounts ?? createMemoryAccountStore();
  const bus = createMemoryBus({ logger, encode: true });
  const rosters: AdminStage["rosters"] = new Map();
  const sessions: AdminStage["sessions"] = new Map();
  const asked: string[] = [];
  const control = createControlHub(logger).join({
    process: { id: "roster-1", kind: "roster", version: "0.1.0", startedAt: 0 },
  });

  bus.answer(channels.rosterAdmin, {}, async (jid, question) => {
    asked.push(`${question.kind} ${jid}`);
    await options.beforeRoster?.(jid, question);
    return answerRoster(rosters, jid, question);
  });
  bus.answer(channels.presenceAdmin, {}, (jid, question) => {
    asked.push(`${question.kind} ${jid}`);
    const answer = { sessions: sessions.get(jid) ?? [] };
    if (question.kind === "end-sessions") sessions.delete(jid);
    return answer;
  });

  const loaded = loadSettings(adminSettings, { env: {}, directory: dataDir });
  if (loaded.kind === "invalid") throw new Error("the defaults are not valid");
  const health = new Health();
  const http = createHttpServer({ listen: { host: "127.0.0.1", port: 0 }, health, logger });
  const service = createAdminService({
    settings: { ...loaded.values, domains: ["example.org", "example.net"], ...options.settings },
    accounts,
    bus,
    control,
    http,
    dataDir,
    clock: { now: () => 1_700_000_000_000 },
    logger,
    counterRegistry: new CounterRegistry(),
    describeConfig: () => [],
    removeOfflineMessages: options.removeOfflineMessages ?? (async () => {}),
  });
  await http.start();
  await service.start();
  return {
    url: `http://127.0.0.1:${http.address?.port}`,
    token: options.settings?.["admin.token"] ?? (await readFile(join(dataDir, "admin-token"), "utf8")).trim(),
    dataDir,
    accounts,
    bus,
    control,
    service,
    rosters,
    sessions,
    asked,
    async stop() {
      await service.stop();
      await http.stop();
      await bus.drain();
      await rm(dataDir, { recursive: true });
    },
  };
}

function answerRoster(
  rosters: AdminStage["rosters"],
  jid: string,
  question: RosterAdminQuestion,
): RosterAdminAnswer {
  const roster = rosters.get(jid) ?? {};
  switch (question.kind) {
    case "show":
      return { kind: "roster", version: "7", contacts: roster };
    case "import": {
      const counts = { added: 0, changed: 0, unchanged: 0 };
      for (const [contact, record] of Object.entries(question.contacts)) {
        const before = roster[contact];
        if (before === undefined) counts.added++;
        else if (JSON.stringify(before) === JSON.stringify(record)) counts.unchanged++;
        else counts.changed++;
      }
      rosters.set(jid, { ...roster, ...question.contacts });
      return { kind: "imported", ...counts };
    }
    case "refresh":
      return { kind: "refreshed", pushed: Object.keys(roster).length };
    case "remove-account":
      rosters.delete(jid);
      return { kind: "removed", contacts: Object.keys(roster).length };
  }
}
