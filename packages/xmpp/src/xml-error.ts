import type { StreamErrorCondition } from "./stream-error.ts";

/** XML that must not be accepted, and the stream error that says why. The message quotes nothing of the input. */
export class XmlError extends Error {
  override readonly name = "XmlError";
  readonly condition: StreamErrorCondition;

  constructor(condition: StreamErrorCondition, message: string) {
    super(message);
    this.condition = condition;
  }
}

export function notWellFormed(message: string): XmlError {
  return new XmlError("not-well-formed", message);
}
