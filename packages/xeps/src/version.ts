/** Software Version (XEP-0092). */
import { escapeText, NS, type Stanza } from "@rollcall/xmpp";
import { iqResult, isGet } from "./iq-result.ts";

export interface SoftwareVersion {
  readonly name: string;
  readonly version: string;
  /** Left out where operators do not want to tell. */
  readonly os?: string | undefined;
}

export function isVersionRequest(stanza: Stanza): boolean {
  return isGet(stanza, "query", NS.version);
}

export function versionResult(request: Stanza, software: SoftwareVersion): Stanza {
  const os = software.os === undefined ? "" : `<os>${escapeText(software.os)}</os>`;
  return iqResult(request, {
    name: "query",
    namespace: NS.version,
    xml:
      `<query xmlns="${NS.version}"><name>${escapeText(software.name)}</name>` +
      `<version>${escapeText(software.version)}</version>${os}</query>`,
  });
}
