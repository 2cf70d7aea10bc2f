/** What the command line's exit code tells. */
export const EXIT = {
  ok: 0,
  /** The command ran, but some items failed or something checked was not right. */
  failed: 1,
  /** Wrong arguments, settings or input. */
  usage: 2,
  /** A server could not be reached, or failed. */
  system: 3,
  /** Stopped by Ctrl-C, as shells say it. */
  interrupted: 130,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** An error that is told to the user in one line, without a stack, and ends the command with `exitCode`. */
export class CliError extends Error {
  readonly exitCode: ExitCode;
  constructor(message: string, exitCode: ExitCode, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'CliError';
    this.exitCode = exitCode;
  }
}
