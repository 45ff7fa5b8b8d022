/** The DateTime of XEP-0082 in UTC, for example `2002-09-10T23:08:25.000Z`. The instant comes in; no clock is read. */
export function dateTime(millisecondsSinceEpoch: number): string {
  return new Date(millisecondsSinceEpoch).toISOString();
}
