/** What the `rollcall` command ends with. */
export const exitCodes = {
  success: 0,
  /** A bug or a fault of this machine. */
  fault: 1,
  /** The command line, the settings or the token are wrong; nothing was done. */
  usage: 2,
  /** The server refused: it exists, is not found, is not valid; or an import left lines out. */
  refused: 3,
  /** The server, or a store behind it, could not be reached, or the connection broke off. */
  unreachable: 4,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** Ends the command with a message on standard error that says what to do next. */
export class CliError extends Error {
  override readonly name = "CliError";
  readonly exitCode: ExitCode;

  constructor(exitCode: ExitCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}
