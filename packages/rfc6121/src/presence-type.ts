/** The meanings of the `type` attribute; `available` is its absence (RFC 6121, 4.7.1). */
export type PresenceType =
  | "available"
  | "unavailable"
  | "subscribe"
  | "subscribed"
  | "unsubscribe"
  | "unsubscribed"
  | "probe"
  | "error";

/** What a `type` attribute means; `undefined` for a value that RFC 6121 does not know (`bad-request`). */
export function presenceTypeOf(type: string | undefined): PresenceType | undefined {
  switch (type) {
    case undefined:
      return "available";
    case "unavailable":
    case "subscribe":
    case "subscribed":
    case "unsubscribe":
    case "unsubscribed":
    case "probe":
    case "error":
      return type;
    default:
      return undefined;
  }
}
