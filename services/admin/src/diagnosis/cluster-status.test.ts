import assert from "node:assert/strict";
import { test } from "node:test";
import type { ClusterStatus, ProcessStatus } from "@rollcall/contracts";
import type { Gathered } from "@rollcall/control";
import { clusterStatus } from "./cluster-status.ts";

const now = Date.UTC(2030, 0, 1);
const days = (count: number): number => now + count * 86_400_000 + 1_000;

type Answer = Gathered<ProcessStatus>["answers"][number];
type Process = Answer["process"] & {
  readonly skewMs?: number;
  readonly roundTripMs?: number;
  readonly status: ProcessStatus;
};

const running = { phase: "running", notReady: [], faults: [] } as const satisfies Partial<ProcessStatus>;
const base = { version: "0.1.0", startedAt: now - 1_000 };
const half = (from: number): number[] => Array.from({ length: 128 }, (_, at) => from + at);
const owners = (service: "roster-owner" | "presence-owner", ...ids: string[]) => ({
  service,
  instances: Object.fromEntries(ids.map((id) => [id, 128])),
  without: [] as number[],
});
const certificate = {
  subject: "CN=example.org",
  names: ["example.org"],
  missing: [],
  notBefore: days(-10),
  notAfter: days(80),
  selfSigned: false,
};

/** Two of each kind, and all is well. */
function healthy(): Process[] {
  const nats = { connected: true, server: "nats:4222", version: "2.10.7" };
  const bucket = { bucket: "rollcall-v1-sessions", replicas: 3, current: 3, wanted: 3 };
  return [1, 2].flatMap((number): Process[] => [
    {
      ...base,
      id: `connection-${number}`,
      kind: "connection",
      status: { ...running, sessions: 5, certificate, nats, files: { open: 50, limit: 65_536 } },
    },
    {
      ...base,
      id: `presence-${number}`,
      kind: "presence",
      status: {
        ...running,
        nats,
        serves: [{ service: "presence-owner", partitions: half((number - 1) * 128) }],
      },
    },
    {
      ...base,
      id: `roster-${number}`,
      kind: "roster",
      status: {
        ...running,
        nats: { ...nats, buckets: [bucket] },
        serves: [{ service: "roster-owner", partitions: half((number - 1) * 128) }],
        owners: [
          owners("roster-owner", "roster-1", "roster-2"),
          owners("presence-owner", "presence-1", "presence-2"),
        ],
        riak: { hosts: [{ host: "riak:8098", state: "closed" }], buckets: ["rosters"], problems: [] },
        bus: { waiting: 3 },
        eventLoop: { p99Ms: 2, maxMs: 11 },
      },
    },
  ]);
}

function statusOf(processes: readonly Process[], missing: readonly string[] = []): ClusterStatus {
  const answers = processes.map(
    ({ status, skewMs = 0, roundTripMs = 2, ...process }): Answer => ({
      process,
      outcome: { kind: "answered", answer: status },
      skewMs,
      roundTripMs,
    }),
  );
  return clusterStatus({ answers, missing }, now);
}

/** Severity and code of everything found, in order. */
function foundIn(status: ClusterStatus): string[] {
  return status.checks.flatMap(({ findings }) => findings.map(({ severity, code }) => `${severity} ${code}`));
}

const change = (id: string, to: (process: Process) => Partial<Process>): Process[] =>
  healthy().map((process) => (process.id === id ? { ...process, ...to(process) } : process));
const changeStatus = (id: string, to: Partial<ProcessStatus>): Process[] =>
  change(id, ({ status }) => ({ status: { ...status, ...to } }));

test("a cluster where all is well is healthy, and shows who has what", () => {
  const status = statusOf(healthy());
  assert.deepEqual(foundIn(status), []);
  assert.equal(status.healthy, true);
  assert.deepEqual(status.partitions, [
    {
      service: "roster-owner",
      instances: { "roster-1": { owns: 128, serves: 128 }, "roster-2": { owns: 128, serves: 128 } },
      without: [],
    },
    {
      service: "presence-owner",
      instances: { "presence-1": { owns: 128, serves: 128 }, "presence-2": { owns: 128, serves: 128 } },
      without: [],
    },
  ]);
});

const nats = { connected: true, server: "nats:4222", version: "2.10.7" };
const bucket = { bucket: "rollcall-v1-sessions", replicas: 3, current: 3, wanted: 3 };
const host = { host: "riak:8098", state: "closed" } as const;

const cases: readonly [string, readonly string[], readonly Process[]][] = [
  [
    "a process that is not ready",
    ["error not-ready"],
    changeStatus("roster-1", { notReady: [{ service: "riak", reason: "is away" }] }),
  ],
  [
    "one that was told to stop",
    ["warning draining"],
    changeStatus("roster-1", {
      phase: "draining",
      notReady: [{ service: "process", reason: "is draining" }],
    }),
  ],
  [
    "a part that could not be asked",
    ["warning part-unknown"],
    changeStatus("roster-1", { faults: [{ part: "riak", message: "timeout" }] }),
  ],
  ["no connection node", ["error no-process"], healthy().filter(({ kind }) => kind !== "connection")],
  ["an upgrade under way", ["warning versions-differ"], change("roster-2", () => ({ version: "0.2.0" }))],
  ["a clock ahead by seconds", ["warning clock-skew"], change("roster-2", () => ({ skewMs: 1_900 }))],
  ["a clock behind by a minute", ["error clock-skew"], change("roster-2", () => ({ skewMs: -60_000 }))],
  [
    "a slow answer that proves nothing about the clock",
    [],
    change("roster-2", () => ({ skewMs: 900, roundTripMs: 1_800 })),
  ],
  [
    "partitions without owner",
    ["error no-owner"],
    ["roster-1", "roster-2"]
      .reduce(
        (all, id) =>
          all.map((process) =>
            process.id !== id
              ? process
              : {
                  ...process,
                  status: {
                    ...process.status,
                    owners: [
                      owners("roster-owner", "roster-1", "roster-2"),
                      { ...owners("presence-owner", "presence-1"), without: half(128) },
                    ],
                  },
                },
          ),
        healthy() as readonly Process[],
      )
      .filter(({ id }) => id !== "presence-2"),
  ],
  [
    "partitions that are being prepared",
    ["warning not-served"],
    changeStatus("presence-2", { serves: [{ service: "presence-owner", partitions: half(128).slice(7) }] }),
  ],
  [
    "partitions that two serve",
    ["warning served-twice"],
    changeStatus("presence-2", { serves: [{ service: "presence-owner", partitions: half(127) }] }),
  ],
  [
    "a late event loop",
    ["warning event-loop-late"],
    changeStatus("presence-2", { eventLoop: { p99Ms: 300, maxMs: 400 } }),
  ],
  [
    "an event loop that stands",
    ["error event-loop-late"],
    changeStatus("presence-2", { eventLoop: { p99Ms: 1_300, maxMs: 1_400 } }),
  ],
  [
    "a message that nobody takes",
    ["warning bus-stuck"],
    changeStatus("presence-2", { bus: { waiting: 1, oldestMs: 12_000 } }),
  ],
  ["a bus that piles up", ["warning bus-waiting"], changeStatus("presence-2", { bus: { waiting: 20_000 } })],
  [
    "a certificate that has expired",
    ["error certificate-expired"],
    changeStatus("connection-1", { certificate: { ...certificate, notAfter: days(-1) } }),
  ],
  [
    "one that expires in days",
    ["error certificate-expires"],
    changeStatus("connection-1", { certificate: { ...certificate, notAfter: days(3) } }),
  ],
  [
    "one that expires in weeks",
    ["warning certificate-expires"],
    changeStatus("connection-1", { certificate: { ...certificate, notAfter: days(20) } }),
  ],
  [
    "one that is not valid yet",
    ["error certificate-not-yet-valid"],
    changeStatus("connection-1", { certificate: { ...certificate, notBefore: days(1) } }),
  ],
  [
    "one for another domain",
    ["error certificate-names"],
    changeStatus("connection-1", { certificate: { ...certificate, missing: ["example.net"] } }),
  ],
  [
    "one that is self-made",
    ["warning certificate-self-signed"],
    changeStatus("connection-1", { certificate: { ...certificate, selfSigned: true } }),
  ],
  [
    "one of two Riak hosts down",
    ["warning riak-down"],
    changeStatus("roster-1", {
      riak: { hosts: [host, { host: "b:8098", state: "open" }], buckets: [], problems: [] },
    }),
  ],
  [
    "all Riak hosts down",
    ["error riak-down"],
    changeStatus("roster-1", { riak: { hosts: [{ ...host, state: "open" }], buckets: [], problems: [] } }),
  ],
  [
    "Riak too slow to say",
    ["error riak-silent"],
    changeStatus("roster-1", { riak: { hosts: [host], buckets: [], problems: [], fault: "no answer" } }),
  ],
  [
    "bucket properties that are wrong",
    ["error bucket-properties"],
    changeStatus("roster-1", {
      riak: {
        hosts: [host],
        buckets: ["rosters"],
        problems: ["bucket rosters: allow_mult is false, wanted true"],
      },
    }),
  ],
  ["NATS away", ["error nats-away"], changeStatus("roster-1", { nats: { connected: false } })],
  ["an old NATS", ["error nats-old"], changeStatus("roster-1", { nats: { ...nats, version: "2.9.9" } })],
  [
    "fewer replicas than wanted",
    ["warning replicas"],
    changeStatus("roster-1", { nats: { ...nats, buckets: [{ ...bucket, replicas: 1, current: 1 }] } }),
  ],
  [
    "a NATS server down",
    ["warning replicas-behind"],
    changeStatus("roster-1", { nats: { ...nats, buckets: [{ ...bucket, current: 2 }] } }),
  ],
  [
    "files that run out",
    ["error files-used-up"],
    changeStatus("roster-1", { files: { open: 900, limit: 1_024 } }),
  ],
  [
    "a low limit at a connection node",
    ["warning files-limit"],
    changeStatus("connection-1", { files: { open: 9, limit: 1_024 } }),
  ],
];

for (const [name, expected, processes] of cases) {
  test(`${name}: ${expected.length === 0 ? "nothing" : expected.join(", ")}`, () => {
    const status = statusOf(processes);
    assert.deepEqual(foundIn(status), expected);
    assert.equal(status.healthy, !expected.some((one) => one.startsWith("error")));
    for (const { findings } of status.checks) {
      for (const { message, action } of findings) assert.ok(message.length > 10 && action.length > 10);
    }
  });
}

test("a process that says nothing is an error, one that does not know the question is not", () => {
  assert.deepEqual(foundIn(statusOf(healthy(), ["connection-3"])), ["error process-silent"]);
  const gathered: Gathered<ProcessStatus> = {
    answers: [
      {
        process: { ...base, id: "a", kind: "all-in-one" },
        outcome: { kind: "not-known" },
        roundTripMs: 0,
        skewMs: 0,
      },
    ],
    missing: [],
  };
  assert.deepEqual(foundIn(clusterStatus(gathered, now)), ["warning status-unknown"]);
});

test("who cannot reach NATS says that, and nothing of processes that it cannot ask", () => {
  const alone = changeStatus("roster-1", { nats: { connected: false } }).filter(
    ({ id }) => id === "roster-1",
  );
  const messages = statusOf(alone, ["roster-2", "presence-1"]).checks.flatMap(({ findings }) =>
    findings.filter(({ code }) => code === "process-silent").map(({ message }) => message),
  );
  assert.deepEqual(messages, [
    "2 processes cannot be asked, since the one that asks has no connection to NATS",
  ]);
});

test("the same finding of several processes is told once", () => {
  const away = healthy().map((process) => ({
    ...process,
    status: { ...process.status, notReady: [{ service: "riak", reason: "is away" }] },
  }));
  const messages = statusOf(away).checks.flatMap(({ findings }) => findings.map(({ message }) => message));
  assert.deepEqual(messages, ["connection-1 and 5 others: riak is away"]);
});
