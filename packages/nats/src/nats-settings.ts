import { type SettingValues, setting } from "@rollcall/runtime";

/** Settings of every process that talks over NATS. */
export const natsSettings = {
  "nats.servers": setting.list({
    default: ["127.0.0.1:4222"],
    doc: "Servers of the NATS cluster to begin with, as host:port; the others are learnt from them.",
  }),
  "nats.user": setting.optionalString({ doc: "Name to log in to NATS with; nats.password goes with it." }),
  "nats.password": setting.optionalString({ doc: "Password to log in to NATS with.", secret: true }),
  "nats.token": setting.optionalString({ doc: "Token to log in to NATS with.", secret: true }),
  "nats.nkey_seed": setting.optionalString({
    doc: "Seed of the nkey (it begins with SU) to log in to NATS with.",
    secret: true,
  }),
  "nats.creds": setting.optionalString({
    doc: "File with the JWT and the nkey to log in to NATS with, as nsc writes it.",
  }),
  "nats.tls": setting.boolean({
    default: false,
    doc: "Whether to refuse NATS servers that do not offer TLS; on with any of the other nats.tls settings.",
  }),
  "nats.tls_ca": setting.optionalString({
    doc: "PEM file with the certificates that NATS servers are checked against, instead of those of the system.",
  }),
  "nats.tls_cert": setting.optionalString({
    doc: "PEM file with the certificate that this process shows to NATS; nats.tls_key goes with it.",
  }),
  "nats.tls_key": setting.optionalString({
    doc: "PEM file with the private key of nats.tls_cert.",
  }),
  "nats.replicas": setting.integer({
    default: 1,
    min: 1,
    max: 5,
    doc: "Replicas of the JetStream buckets for leases and sessions, for whoever makes them first; 3 in a cluster of NATS servers.",
  }),
} as const;

export type NatsSettings = SettingValues<typeof natsSettings>;

export interface NatsSettingProblem {
  readonly name: keyof NatsSettings;
  readonly problem: string;
}

/** What is wrong with the settings as a whole; never tells a secret. */
export function checkNatsSettings(settings: NatsSettings): NatsSettingProblem[] {
  const problems: NatsSettingProblem[] = [];
  if (settings["nats.servers"].length === 0) {
    problems.push({ name: "nats.servers", problem: "names no server" });
  }
  for (const server of settings["nats.servers"]) {
    if (!/^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:\d{1,5})?$/.test(server)) {
      problems.push({ name: "nats.servers", problem: "is a list of host:port, without scheme or user" });
      break;
    }
  }
  const ways = (["nats.user", "nats.token", "nats.nkey_seed", "nats.creds"] as const).filter(
    (name) => settings[name] !== undefined,
  );
  for (const name of ways.slice(1)) problems.push({ name, problem: `does not go together with ${ways[0]}` });
  if (settings["nats.user"] === undefined && settings["nats.password"] !== undefined) {
    problems.push({ name: "nats.password", problem: "needs nats.user" });
  }
  if (settings["nats.user"] !== undefined && settings["nats.password"] === undefined) {
    problems.push({ name: "nats.user", problem: "needs nats.password" });
  }
  if ((settings["nats.tls_cert"] === undefined) !== (settings["nats.tls_key"] === undefined)) {
    const name = settings["nats.tls_cert"] === undefined ? "nats.tls_key" : "nats.tls_cert";
    problems.push({ name, problem: "nats.tls_cert and nats.tls_key go together" });
  }
  const seed = settings["nats.nkey_seed"];
  if (seed !== undefined && !/^SU[A-Z2-7]{56}$/.test(seed)) {
    problems.push({ name: "nats.nkey_seed", problem: "is not the seed of a user's nkey" });
  }
  return problems;
}
