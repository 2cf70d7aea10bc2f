/**
 * A server that can neither be found nor fetched on this machine. Nothing is broken: whoever starts the servers decides
 * whether to go on without it.
 */
export class ServerUnavailable extends Error {
  /** Which server, as people call it: `Kafka`. */
  readonly what: string;
  /** What was tried, in order, each with its outcome. */
  readonly tried: readonly string[];
  /** What a person can do about it, in one or two sentences. */
  readonly advice: string;

  constructor(what: string, tried: readonly string[], advice: string) {
    super(`${what} is not to be had here. Tried: ${tried.join('; ')}. ${advice}`);
    this.name = 'ServerUnavailable';
    this.what = what;
    this.tried = tried;
    this.advice = advice;
  }
}
