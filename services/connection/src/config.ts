import { type processSettings, type SettingValues, setting } from "@rollcall/runtime";
import { xmppLogSettings } from "./xmpp-log/xmpp-log-settings.ts";

/** Settings of the connection service. */
export const connectionSettings = {
  "listen.c2s": setting.listen({
    default: { host: "127.0.0.1", port: 5222 },
    doc: "Address for clients that start in clear and go on with STARTTLS.",
  }),
  "listen.c2s_tls": setting.listen({
    default: { host: "127.0.0.1", port: 5223 },
    doc: "Address for clients that start with TLS (XEP-0368).",
  }),
  "tls.required": setting.boolean({
    default: true,
    doc: "No login without TLS. When false, passwords may cross the network in clear.",
  }),
  "tls.cert": setting.optionalString({
    doc: "PEM file with the certificate and its chain; without one a self-made certificate is kept in data.dir.",
  }),
  "tls.key": setting.optionalString({
    doc: "PEM file with the private key of tls.cert.",
  }),
  "limits.stanza_bytes": setting.integer({
    default: 262_144,
    min: 10_000,
    max: 16_777_216,
    unit: "bytes",
    doc: "Largest stanza of a client that has logged in.",
  }),
  "limits.login_stanza_bytes": setting.integer({
    default: 10_000,
    min: 10_000,
    max: 1_048_576,
    unit: "bytes",
    doc: "Largest element of a client that has not logged in.",
  }),
  "limits.depth": setting.integer({
    default: 64,
    min: 8,
    max: 1_000,
    doc: "How deep the elements of a stanza may be nested.",
  }),
  "limits.attributes": setting.integer({
    default: 64,
    min: 8,
    max: 1_000,
    doc: "How many attributes an element may have.",
  }),
  "limits.connections": setting.integer({
    default: 50_000,
    min: 1,
    doc: "Connections at a time.",
  }),
  "limits.connections_per_address": setting.integer({
    default: 1_000,
    min: 1,
    doc: "Connections at a time from one IP address (IPv6: from one /64 network).",
  }),
  "limits.attempts_per_address": setting.integer({
    default: 6_000,
    min: 1,
    unit: "connections per minute",
    doc: "New connections from one IP address (IPv6: from one /64 network).",
  }),
  "limits.unauthenticated": setting.integer({
    default: 5_000,
    min: 1,
    doc: "Connections at a time that have not logged in.",
  }),
  "limits.login_seconds": setting.integer({
    default: 30,
    min: 1,
    max: 600,
    unit: "s",
    doc: "Time from the connection to the bound resource.",
  }),
  "limits.close_seconds": setting.integer({
    default: 5,
    min: 1,
    max: 60,
    unit: "s",
    doc: "How long a closed stream waits for the client to close its side.",
  }),
  "limits.output_bytes": setting.integer({
    default: 4_194_304,
    min: 65_536,
    unit: "bytes",
    doc: "What may wait for a client that does not read, before it is disconnected; four times as much for one that does.",
  }),
  "limits.bytes_per_second": setting.integer({
    default: 0,
    min: 0,
    unit: "bytes per second",
    doc: "What is read from one client; more waits in the network. 0 sets no limit.",
  }),
  "limits.idle_seconds": setting.integer({
    default: 300,
    min: 300,
    unit: "s",
    doc: "Silence of a client after which it is pinged.",
  }),
  "limits.ping_seconds": setting.integer({
    default: 60,
    min: 1,
    unit: "s",
    doc: "Time that a pinged client has to say anything.",
  }),
  "limits.bind_ms": setting.integer({
    default: 5_000,
    min: 100,
    unit: "ms",
    doc: "How long the owner of an account may take to bind a resource.",
  }),
  "auth.plain": setting.boolean({
    default: true,
    doc: "Offers PLAIN beside SCRAM, for old clients.",
  }),
  "auth.channel_binding": setting.boolean({
    default: false,
    doc: "Offers the -PLUS variants of SCRAM over TLS 1.3 (RFC 9266). Clients that bind to tls-unique there, such as slixmpp 1.8, cannot log in then.",
  }),
  "auth.retries": setting.integer({
    default: 3,
    min: 2,
    max: 5,
    doc: "Failed authentications that are forgiven on one stream.",
  }),
  "auth.bind_retries": setting.integer({
    default: 5,
    min: 5,
    max: 10,
    doc: "Failed bind requests that are forgiven on one stream.",
  }),
  "auth.failures_per_address": setting.integer({
    default: 300,
    min: 1,
    unit: "failures per minute",
    doc: "Failed authentications from one IP address (IPv6: from one /64 network) before it has to wait.",
  }),
  "auth.concurrent_hashes": setting.integer({
    default: 2,
    min: 1,
    max: 64,
    doc: "Passwords of PLAIN that are hashed at a time.",
  }),
  "auth.waiting_hashes": setting.integer({
    default: 200,
    min: 1,
    doc: "Passwords of PLAIN that may wait to be hashed; more get a temporary failure.",
  }),
  "drain.sessions_per_second": setting.integer({
    default: 1_000,
    min: 0,
    max: 1_000_000,
    unit: "sessions/s",
    doc: "Clients asked to reconnect in a second when the process is told to stop; more where half of drain.budget_ms would not suffice, and all at once with 0.",
  }),
  "drain.see_other_host": setting.optionalString({
    doc: "Address (host or host:port) that clients are sent to when the process is told to stop; without one they hear that the system shuts down, and look for themselves.",
  }),
  "auth.decoy_secret": setting.optionalString({
    secret: true,
    doc: "Makes the salts shown for accounts that do not exist, so that they look like any other; equal on all nodes. Without one it is kept in data.dir.",
  }),
  ...xmppLogSettings,
} as const;

type ProcessValues = SettingValues<typeof processSettings>;

/** What the service is configured with: its own settings, and two of the process. */
export type ConnectionSettings = SettingValues<typeof connectionSettings> &
  Pick<ProcessValues, "domains" | "data.dir" | "auth.scram_iterations">;
