/** One fault of one place in what the client sent. `pointer` is a JSON pointer into the body. */
export interface ItemFault {
  index?: number;
  pointer: string;
  code: string;
  message: string;
}

export interface ProblemInit {
  /** HTTP status the gateway answers with. */
  status: number;
  /** Stable, kebab-case name of the problem; clients may branch on it. */
  code: string;
  /** The same for every problem of this code. */
  title: string;
  /** What happened this time, and what to do about it. Holds no customer's values beyond field names. */
  detail: string;
  errors?: ItemFault[];
  headers?: Record<string, string>;
  /** Further members of the document (RFC 9457, 3.2). */
  extra?: Record<string, unknown>;
  cause?: unknown;
}

/** The shape of an RFC 9457 problem document, with the members of docs: `message` repeats `detail` for old clients. */
export interface ProblemDocument {
  type: string;
  title: string;
  status: number;
  detail: string;
  message: string;
  instance?: string;
  code: string;
  errors?: ItemFault[];
  [extra: string]: unknown;
}

const PROBLEM_TYPE = 'PROBLEM';

/** An error that knows its answer: thrown anywhere in the gateway, it becomes one RFC 9457 problem document. */
export class ProblemError extends Error {
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly errors: ItemFault[] | undefined;
  readonly headers: Record<string, string>;
  /** Moleculer carries `type` and `data` between nodes, and nothing else of a class it doesn't know. */
  readonly type = PROBLEM_TYPE;
  readonly data: ProblemInit;

  constructor(init: ProblemInit) {
    super(init.detail, init.cause === undefined ? undefined : { cause: init.cause });
    this.name = 'ProblemError';
    this.status = init.status;
    this.code = init.code;
    this.title = init.title;
    this.errors = init.errors;
    this.headers = init.headers ?? {};
    const { cause: _, ...data } = init;
    this.data = data;
  }

  /** The problem that an error is, or was before it travelled from another node; undefined for any other error. */
  static from(error: unknown): ProblemError | undefined {
    if (error instanceof ProblemError) return error;
    const { type, data } = error as { type?: unknown; data?: ProblemInit };
    return type === PROBLEM_TYPE && data !== undefined ? new ProblemError({ ...data, cause: error }) : undefined;
  }

  /** The document to send; `instance` is the request's path. */
  toDocument(instance?: string): ProblemDocument {
    return {
      type: `urn:sluice:problem:${this.code}`,
      title: this.title,
      status: this.status,
      detail: this.message,
      message: this.message,
      ...(instance === undefined ? {} : { instance }),
      code: this.code,
      ...(this.errors === undefined ? {} : { errors: this.errors }),
      ...this.data.extra,
    };
  }
}
