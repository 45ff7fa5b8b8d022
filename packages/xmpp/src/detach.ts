import type { Stanza } from "./stanza.ts";

/**
 * The same text in memory of its own.
 *
 * A string cut out of a larger one may keep all of that alive; what the stream parser hands out is cut out of the
 * text of a whole network chunk. Whatever outlives its turn by far (map keys, caches) is better detached.
 */
export function detachString(text: string): string {
  return ` ${text}`.slice(1);
}

/**
 * The same stanza in memory of its own: for those that are kept, as a session's presence is. Costs one copy of the
 * stanza; without it a presence of 200 bytes may keep a chunk of 64 KiB alive.
 */
export function detachStanza(stanza: Stanza): Stanza {
  const fields = [
    stanza.type,
    stanza.to,
    stanza.from,
    stanza.id,
    stanza.lang,
    stanza.extraAttributes,
    stanza.payload,
    stanza.childName,
    stanza.childNamespace,
  ];
  const whole = fields.join(" ");
  let end = -1;
  const next = (field: string | undefined): string | undefined => {
    const start = end + 1;
    end = start + (field ?? "").length;
    return field === undefined ? undefined : whole.slice(start, end);
  };
  return {
    kind: stanza.kind,
    type: next(stanza.type),
    to: next(stanza.to),
    from: next(stanza.from),
    id: next(stanza.id),
    lang: next(stanza.lang),
    extraAttributes: next(stanza.extraAttributes) ?? "",
    payload: next(stanza.payload) ?? "",
    childName: next(stanza.childName),
    childNamespace: next(stanza.childNamespace),
    childCount: stanza.childCount,
  };
}
