/**
 * RFC 6121, Appendix A.2 and A.3, written down once more, for tests of the whole server: nothing here comes from the
 * tables that the server itself uses.
 */

/** The states of A.1. PO: the account has asked and waits. PI: the contact has asked and waits. */
export const states = [
  "None",
  "None+PO",
  "None+PI",
  "None+PO+PI",
  "To",
  "To+PI",
  "From",
  "From+PO",
  "Both",
] as const;
export type State = (typeof states)[number];

export const stanzaTypes = ["subscribe", "unsubscribe", "subscribed", "unsubscribed"] as const;
export type StanzaType = (typeof stanzaTypes)[number];
export type Direction = "out" | "in";

/** What goes with a step, beside the stanza itself and the push. */
export type Effect =
  /** Presence, or its end, of each available resource to the contact, before or after the stanza. */
  | "before:unavailable"
  | "after:unavailable"
  | "after:presence"
  /** An answer in the name of the account. */
  | "reply:subscribed"
  | "reply:unsubscribed"
  /** The flag of section 3.4; a change of it is pushed. */
  | "approve"
  | "unapprove"
  | "store-request"
  | "drop-request";

export interface Row {
  readonly direction: Direction;
  readonly type: StanzaType;
  readonly state: State;
  /** Routed to the contact (out), or delivered to the account's resources (in). */
  readonly passes: boolean;
  readonly next: State;
  /** The item changes visibly; a change of `approved` is not counted. */
  readonly push: boolean;
  readonly effects: readonly Effect[];
}

const table = `
out subscribe     None        passes  None+PO     push
out subscribe     None+PO     passes  None+PO     -
out subscribe     None+PI     passes  None+PO+PI  push
out subscribe     None+PO+PI  passes  None+PO+PI  -
out subscribe     To          passes  To          -
out subscribe     To+PI       passes  To+PI       -
out subscribe     From        passes  From+PO     push
out subscribe     From+PO     passes  From+PO     -
out subscribe     Both        passes  Both        -
out unsubscribe   None        passes  None        -
out unsubscribe   None+PO     passes  None        push
out unsubscribe   None+PI     passes  None+PI     -
out unsubscribe   None+PO+PI  passes  None+PI     push
out unsubscribe   To          passes  None        push
out unsubscribe   To+PI       passes  None+PI     push
out unsubscribe   From        passes  From        -
out unsubscribe   From+PO     passes  From        push
out unsubscribe   Both        passes  From        push
out subscribed    None        stops   None        -     approve
out subscribed    None+PO     stops   None+PO     -     approve
out subscribed    None+PI     passes  From        push  drop-request after:presence
out subscribed    None+PO+PI  passes  From+PO     push  drop-request after:presence
out subscribed    To          stops   To          -     approve
out subscribed    To+PI       passes  Both        push  drop-request after:presence
out subscribed    From        stops   From        -
out subscribed    From+PO     stops   From+PO     -
out subscribed    Both        stops   Both        -
out unsubscribed  None        stops   None        -     unapprove
out unsubscribed  None+PO     stops   None+PO     -     unapprove
out unsubscribed  None+PI     passes  None        -     unapprove drop-request
out unsubscribed  None+PO+PI  passes  None+PO     -     unapprove drop-request
out unsubscribed  To          stops   To          -     unapprove
out unsubscribed  To+PI       passes  To          -     unapprove drop-request
out unsubscribed  From        passes  None        push  before:unavailable unapprove
out unsubscribed  From+PO     passes  None+PO     push  before:unavailable unapprove
out unsubscribed  Both        passes  To          push  before:unavailable unapprove
in subscribe      None        passes  None+PI     -     store-request
in subscribe      None+PO     passes  None+PO+PI  -     store-request
in subscribe      None+PI     stops   None+PI     -
in subscribe      None+PO+PI  stops   None+PO+PI  -
in subscribe      To          passes  To+PI       -     store-request
in subscribe      To+PI       stops   To+PI       -
in subscribe      From        stops   From        -     reply:subscribed
in subscribe      From+PO     stops   From+PO     -     reply:subscribed
in subscribe      Both        stops   Both        -     reply:subscribed
in unsubscribe    None        stops   None        -
in unsubscribe    None+PO     stops   None+PO     -
in unsubscribe    None+PI     passes  None        -     drop-request reply:unsubscribed
in unsubscribe    None+PO+PI  passes  None+PO     -     drop-request reply:unsubscribed
in unsubscribe    To          stops   To          -
in unsubscribe    To+PI       passes  To          -     drop-request reply:unsubscribed
in unsubscribe    From        passes  None        push  after:unavailable reply:unsubscribed
in unsubscribe    From+PO     passes  None+PO     push  after:unavailable reply:unsubscribed
in unsubscribe    Both        passes  To          push  after:unavailable reply:unsubscribed
in subscribed     None        stops   None        -
in subscribed     None+PO     passes  To          push
in subscribed     None+PI     stops   None+PI     -
in subscribed     None+PO+PI  passes  To+PI       push
in subscribed     To          stops   To          -
in subscribed     To+PI       stops   To+PI       -
in subscribed     From        stops   From        -
in subscribed     From+PO     passes  Both        push
in subscribed     Both        stops   Both        -
in unsubscribed   None        stops   None        -
in unsubscribed   None+PO     passes  None        push
in unsubscribed   None+PI     stops   None+PI     -
in unsubscribed   None+PO+PI  passes  None+PI     push
in unsubscribed   To          passes  None        push
in unsubscribed   To+PI       passes  None+PI     push
in unsubscribed   From        stops   From        -
in unsubscribed   From+PO     passes  From        push
in unsubscribed   Both        passes  From        push
`;

function readRow(line: string): Row {
  const [direction, type, state, passes, next, push, ...effects] = line.split(/ +/);
  return {
    direction: direction as Direction,
    type: type as StanzaType,
    state: state as State,
    passes: passes === "passes",
    next: next as State,
    push: push === "push",
    effects: effects as Effect[],
  };
}

/** The 72 cells. */
export const rows: readonly Row[] = table.trim().split("\n").map(readRow);

const byCell = new Map(rows.map((row) => [cellName(row.direction, row.type, row.state), row]));

export function cellName(direction: Direction, type: StanzaType, state: State): string {
  return `${direction} ${type} in ${state}`;
}

export function rowOf(direction: Direction, type: StanzaType, state: State): Row {
  return byCell.get(cellName(direction, type, state)) as Row;
}

/** What a roster item says of a state. */
export interface Facets {
  readonly subscription: "none" | "to" | "from" | "both";
  readonly ask: boolean;
  readonly asked: boolean;
}

/** Seen from outside: the value, the account's own open request, and the contact's. */
export function facetsOf(state: State): Facets {
  const [value, ...pending] = state.split("+");
  return {
    subscription: value?.toLowerCase() as Facets["subscription"],
    ask: pending.includes("PO"),
    asked: pending.includes("PI"),
  };
}
