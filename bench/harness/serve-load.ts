/** What a process that makes load, or stands as a reference, can do. */
export interface LoadWork<Spec, Result> {
  /** Told to the parent when all is open, e.g. the address of a server. */
  ready?: unknown;
  run(spec: Spec): Promise<Result>;
  close(): Promise<void>;
}

/** Messages between `startLoad` and `serveLoad`. */
export type ToLoad = { init: unknown } | { run: unknown };
export type FromLoad = { ready: unknown } | { result: unknown } | { failure: string };

/**
 * The child's side of `startLoad`: opens what it needs when told to, does one turn at a time, and closes when the parent lets go.
 * Load runs in processes of its own, so that its CPU is known and takes nothing from what is measured.
 */
export function serveLoad<Init, Spec, Result>(open: (init: Init) => Promise<LoadWork<Spec, Result>>): void {
  let work: LoadWork<Spec, Result> | undefined;
  const tell = (message: FromLoad) => process.send?.(message);
  const obey = async (message: ToLoad) => {
    if ('init' in message) {
      work = await open(message.init as Init);
      tell({ ready: work.ready ?? null });
    } else tell({ result: await work?.run(message.run as Spec) });
  };
  process.on('message', (message: ToLoad) => {
    obey(message).catch((error: unknown) => tell({ failure: error instanceof Error ? (error.stack ?? error.message) : String(error) }));
  });
  process.on('disconnect', () => {
    void (work?.close() ?? Promise.resolve()).finally(() => process.exit(0));
  });
}
