import type { BoundFields, LogFields } from "./log-fields.ts";

/** The log as services see it: an event name and fields, never a stanza, a body or a secret. */
export interface Logger {
  debug(fields: LogFields): void;
  info(fields: LogFields): void;
  warn(fields: LogFields): void;
  error(fields: LogFields): void;
  /** A log whose lines all carry these fields. */
  with(fields: BoundFields): Logger;
}

/** For tests and tools that want silence. */
export const silentLogger: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  with: () => silentLogger,
};
