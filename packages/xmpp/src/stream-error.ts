import { NS } from "./namespaces.ts";
import { escapeText } from "./stanza.ts";

/** Every stream error condition of RFC 6120, 4.9.3, in the order of the sections. */
export const streamErrorConditions = [
  "bad-format",
  "bad-namespace-prefix",
  "conflict",
  "connection-timeout",
  "host-gone",
  "host-unknown",
  "improper-addressing",
  "internal-server-error",
  "invalid-from",
  "invalid-namespace",
  "invalid-xml",
  "not-authorized",
  "not-well-formed",
  "policy-violation",
  "remote-connection-failed",
  "reset",
  "resource-constraint",
  "restricted-xml",
  "see-other-host",
  "system-shutdown",
  "undefined-condition",
  "unsupported-encoding",
  "unsupported-feature",
  "unsupported-stanza-type",
  "unsupported-version",
] as const;

export type StreamErrorCondition = (typeof streamErrorConditions)[number];

/** A condition by its name; an unknown one counts as `undefined-condition` (RFC 6120, 4.9.2). */
export function streamErrorCondition(name: string): StreamErrorCondition {
  return streamErrorConditions.find((condition) => condition === name) ?? "undefined-condition";
}

/**
 * `<stream:error>` for a stream that declares the prefix `stream` (RFC 6120, 4.9.2).
 *
 * @param text diagnostic, in English; never interpreted by programs.
 * @param address content of `see-other-host`: where to go, as `host` or `host:port` (4.9.3.19).
 */
export function streamErrorXml(condition: StreamErrorCondition, text?: string, address?: string): string {
  const defined =
    address === undefined
      ? `<${condition} xmlns="${NS.streamErrors}"/>`
      : `<${condition} xmlns="${NS.streamErrors}">${escapeText(address)}</${condition}>`;
  const diagnostic =
    text === undefined || text === ""
      ? ""
      : `<text xmlns="${NS.streamErrors}" xml:lang="en">${escapeText(text)}</text>`;
  return `<stream:error>${defined}${diagnostic}</stream:error>`;
}
