/** Who decides whether a writing request may come in, before its body is read. */
export interface GateKeeper {
  /**
   * Keeps room for a request whose body is about to be read.
   * @param bytes length of the body, where the head names it
   * @param deadlineMs time left for the request
   * @returns to be called when the body is there, or failed to come; twice is fine
   * @throws ProblemError 503 with Retry-After when there is no room; the body need not be read then
   */
  enter(bytes: number | undefined, deadlineMs: number): () => void;
}

/**
 * The node's gate: the batcher keeps it where one runs in this node, the gateway asks before it reads a body. Without a
 * keeper all may come in, and the batcher that is called decides.
 */
export class IntakeGate implements GateKeeper {
  #keeper: GateKeeper | undefined;

  /** Hands the gate to a keeper, or opens it for all. */
  keptBy(keeper: GateKeeper | undefined): void {
    this.#keeper = keeper;
  }

  enter(bytes: number | undefined, deadlineMs: number): () => void {
    return this.#keeper?.enter(bytes, deadlineMs) ?? (() => undefined);
  }
}
