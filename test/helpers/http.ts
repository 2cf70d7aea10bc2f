import net from 'node:net';

export interface Fault {
  index?: number;
  pointer: string;
  code: string;
  message: string;
}

/** What answers hold: of a batch, of a record, of a problem; whatever else there is under its name. */
export interface AnswerBody {
  status?: string | number;
  code?: string;
  detail?: string;
  message?: string;
  instance?: string;
  errors?: Fault[];
  results?: ItemResult[];
  batchId?: string;
  totalRequested?: number;
  successful?: number;
  failed?: number;
  id?: number;
  version?: number;
  [member: string]: unknown;
}
export interface ItemResult {
  requestIndex: number;
  status: string;
  message: string;
  code?: string;
  id?: number;
  errors?: Fault[];
  execution?: Record<string, unknown> | null;
  [member: string]: unknown;
}
export interface HttpAnswer {
  status: number;
  headers: Headers;
  text: string;
  body: AnswerBody;
}

/** Sends one request; a body that is no string or Buffer goes as JSON. */
export async function send(url: string, method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<HttpAnswer> {
  const payload = body === undefined ? {} : { body: typeof body === 'string' || Buffer.isBuffer(body) ? (body as string) : JSON.stringify(body) };
  const response = await fetch(url + path, { method, ...payload, headers: { ...(body === undefined ? {} : { 'Content-Type': 'application/json' }), ...headers } });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, body: readJson(text) };
}

function readJson(text: string): AnswerBody {
  try {
    return JSON.parse(text) as AnswerBody;
  } catch {
    return {}; // no JSON: the test looks at the text
  }
}

export interface RawAnswer {
  status: number;
  headers: Record<string, string>;
  text: string;
  body: AnswerBody;
}

/** A connection on which a test may misbehave: cut bodies off, send slowly, go on after a refusal. */
export class RawConnection {
  readonly #socket: net.Socket;
  #received = Buffer.alloc(0);
  #ended = false;
  #wake: () => void = () => undefined;

  private constructor(socket: net.Socket) {
    this.#socket = socket;
    const end = () => {
      this.#ended = true;
      this.#wake();
    };
    socket.on('data', (part) => {
      this.#received = Buffer.concat([this.#received, part]);
      this.#wake();
    });
    socket.on('end', end).on('close', end);
    socket.on('error', end); // a reset is one of the ways a server closes
  }

  static async open(url: string): Promise<RawConnection> {
    const { hostname, port } = new URL(url);
    const socket = net.connect({ host: hostname, port: Number(port), allowHalfOpen: true });
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    return new RawConnection(socket);
  }

  /** Writes lines ended by CRLF, an empty one, then the rest as it is. */
  request(head: string[], rest: string | Buffer = ''): void {
    this.#socket.write(`${[...head, 'Host: sluice.test'].join('\r\n')}\r\n\r\n`);
    this.write(rest);
  }

  write(data: string | Buffer): void {
    if (data.length > 0) this.#socket.write(data);
  }

  /** Says that nothing more will be sent; answers can still be read. */
  halfClose(): void {
    this.#socket.end();
  }

  close(): void {
    this.#socket.destroy();
  }

  /** Closes as soon as all that was written has left this process. */
  async closeWhenSent(): Promise<void> {
    await new Promise((resolve) => this.#socket.write('', resolve));
    this.#socket.destroy();
  }

  /** What has come and was not read as an answer. */
  received(): string {
    return this.#received.toString();
  }

  /** The next answer; fails when the connection ends before it is whole. */
  async answer(): Promise<RawAnswer> {
    for (;;) {
      const headEnd = this.#received.indexOf('\r\n\r\n');
      if (headEnd >= 0) {
        const [statusLine = '', ...lines] = this.#received.subarray(0, headEnd).toString('latin1').split('\r\n');
        const headers = Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]));
        const length = Number(headers['content-length'] ?? 0);
        if (this.#received.length >= headEnd + 4 + length) {
          const text = this.#received.subarray(headEnd + 4, headEnd + 4 + length).toString();
          this.#received = this.#received.subarray(headEnd + 4 + length);
          return { status: Number(statusLine.split(' ')[1]), headers, text, body: readJson(text) };
        }
      }
      if (this.#ended) throw new Error(`the connection ended within an answer: ${this.#received.toString().slice(0, 200)}`);
      await this.#more();
    }
  }

  /** Resolves when the server has closed the connection. */
  async closedByServer(): Promise<void> {
    while (!this.#ended) await this.#more();
  }

  #more(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}
