import { createHmac, randomBytes } from "node:crypto";
import { fieldsOfKind } from "./log-fields.ts";

/** Whether log lines show JIDs, or stand-ins for them. */
export type JidPolicy = "plain" | "hashed";

/** Whoever logs a JID uses one of these names. */
const jidFields = fieldsOfKind("jid");

/** Rewrites the fields of one log line. */
export type Redact = (fields: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>>;

/**
 * `hashed` leaves the domain, which operators need, and replaces the local part and the resource by an HMAC, so
 * that lines about one person can still be found together. Without a key one is made up, and stand-ins
 * can be compared within the life of the process only.
 */
export function createRedact(policy: JidPolicy, key?: string): Redact {
  if (policy === "plain") return (fields) => fields;
  const secret = key ?? randomBytes(32);
  return (fields) => {
    let copy: Record<string, unknown> | undefined;
    for (const name in fields) {
      const value = fields[name];
      if (typeof value !== "string" || !jidFields.has(name)) continue;
      copy ??= { ...fields };
      copy[name] = hashJid(value, secret);
    }
    return copy ?? fields;
  };
}

/** What stands for a JID outside the log, where a field's name does not say that it is one. */
export function createStandIn(policy: JidPolicy, key?: string): (jid: string) => string {
  if (policy === "plain") return (jid) => jid;
  const secret = key ?? randomBytes(32);
  return (jid) => hashJid(jid, secret);
}

function hashJid(jid: string, secret: string | Buffer): string {
  const slash = jid.indexOf("/");
  const bare = slash === -1 ? jid : jid.slice(0, slash);
  const at = bare.indexOf("@");
  const local = at === -1 ? "" : `${standIn(bare, secret)}@`;
  const resource = slash === -1 ? "" : `/${standIn(jid, secret)}`;
  return `${local}${bare.slice(at + 1)}${resource}`;
}

function standIn(text: string, secret: string | Buffer): string {
  return `#${createHmac("sha256", secret).update(text).digest("hex").slice(0, 12)}`;
}
