/** Who may import whom (ARCHITECTURE.md tells why). A folder that is not named here fails the test. */

const forServices = [
  "xmpp",
  "rfc6121",
  "xeps",
  "contracts",
  "bus",
  "control",
  "ownership",
  "accounts",
  "riak-client",
  "runtime",
  "telemetry",
].map((name) => `packages/${name}`);

export const mayImport: Readonly<Record<string, readonly string[]>> = {
  "packages/xmpp": [],
  "packages/rfc6121": ["packages/xmpp"],
  "packages/xeps": ["packages/xmpp"],
  "packages/contracts": ["packages/xmpp"],
  "packages/telemetry": [],
  "packages/bus": ["packages/xmpp", "packages/contracts", "packages/telemetry"],
  "packages/control": ["packages/contracts", "packages/telemetry"],
  "packages/ownership": ["packages/contracts", "packages/telemetry"],
  "packages/nats": ["packages/runtime", "packages/telemetry"],
  "packages/riak-client": ["packages/telemetry"],
  "packages/riak-embedded": ["packages/telemetry"],
  "packages/accounts": ["packages/xmpp", "packages/riak-client", "packages/telemetry"],
  "packages/runtime": ["packages/telemetry"],
  // Knows the settings of every process, reaches servers over HTTP, and runs processes.
  "packages/cli": [
    "packages/contracts",
    "packages/runtime",
    "packages/telemetry",
    "services/all-in-one",
    "services/cluster",
  ],
  "services/connection": forServices,
  "services/roster": forServices,
  "services/presence": forServices,
  "services/admin": forServices,
  "services/all-in-one": [
    "services/connection",
    "services/roster",
    "services/presence",
    "services/admin",
    "packages/riak-embedded",
    ...forServices,
  ],
  "services/cluster": [
    "services/connection",
    "services/roster",
    "services/presence",
    "services/admin",
    // For the embedded store as a process of its own.
    "services/all-in-one",
    "packages/nats",
    ...forServices,
  ],
  "packages/testkit": ["packages/", "services/"],
};

/** No I/O, clock, randomness, timers or output in these. */
export const purePackages: readonly string[] = [
  "packages/xmpp",
  "packages/rfc6121",
  "packages/xeps",
  "packages/contracts",
];

/** Node modules that a pure package may use. */
export const pureModules: readonly string[] = ["node:crypto", "node:buffer"];

/** Words that a pure package may not use, outside comments and strings. */
export const impureWords: readonly RegExp[] = [
  /\bDate\.now\b/,
  /\bnew Date\(\s*\)/,
  /\bperformance\b/,
  /\bMath\.random\b/,
  /\brandomBytes\b|\brandomUUID\b|\brandomInt\b/,
  /\bprocess\./,
  /\bconsole\./,
  /\bset(Timeout|Interval|Immediate)\b/,
  /\bfetch\(/,
];
