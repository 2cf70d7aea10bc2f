/** An execution as a client sends it, every member good. */
export function execution(members: Record<string, unknown> = {}): Record<string, unknown> {
  return { executionStatus: 'NEW', tradeType: 'BUY', destination: 'ML', securityId: 'ABCDEFGHIJKLMNOPQRSTUVWX', quantity: 100, limitPrice: 12.5, ...members };
}

/** The same as JSON text, with these members' values as the text that is given: what JSON.stringify would never write. */
export function executionText(members: Record<string, string> = {}): string {
  const all: Record<string, string> = { ...Object.fromEntries(Object.entries(execution()).map(([name, value]) => [name, JSON.stringify(value)])), ...members };
  return `{${Object.entries(all).map(([name, text]) => `${JSON.stringify(name)}:${text}`).join(',')}}`;
}

/** A batch's body of items given as JSON text. */
export function batchText(items: readonly string[]): string {
  return `{"executions":[${items.join(',')}]}`;
}
