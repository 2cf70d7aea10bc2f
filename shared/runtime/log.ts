import { pino, type Logger } from 'pino';
import type { Settings } from '../config/settings.ts';

export type { Logger } from 'pino';

/**
 * The node's log: pretty on a terminal, JSON lines elsewhere (setting LOG_FORMAT).
 * Errors are written with code, message and stack; PostgreSQL's detail, hint, where and the statement's
 * parameters can hold customers' values and never are.
 */
export function createLog(settings: Pick<Settings, 'logLevel' | 'logFormat'>, node: string): Logger {
  const pretty = settings.logFormat === 'pretty' || (settings.logFormat === 'auto' && process.stdout.isTTY);
  return pino({
    level: settings.logLevel,
    base: { node },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    serializers: { err: describeError },
    ...(pretty ? { transport: { target: 'pino-pretty', options: { colorize: true, ignore: 'node', messageFormat: '{node} {msg}' } } } : {}),
  });
}

/** What may be logged of an error. */
export function describeError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { message: String(error) };
  const { code, type, constraint, table, severity } = error as Error & Record<string, unknown>;
  const out: Record<string, unknown> = { name: error.name, message: isDatabaseError(error) ? `SQLSTATE ${String(code)}` : error.message, stack: stackOnly(error) };
  for (const [name, value] of Object.entries({ code, type, constraint, table, severity })) if (value !== undefined) out[name] = value;
  if (error.cause !== undefined) out.cause = describeError(error.cause);
  return out;
}

/** PostgreSQL's own message can quote a value ("invalid input syntax for type ...: \"x\""), so only its state is kept. */
function isDatabaseError(error: Error): boolean {
  return 'severity' in error && 'code' in error && 'routine' in error;
}

function stackOnly(error: Error): string {
  const lines = (error.stack ?? '').split('\n');
  return lines.filter((l) => l.trimStart().startsWith('at ')).slice(0, 8).join('\n');
}
