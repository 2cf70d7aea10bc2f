/** An order as a client sends it, with what a test changes. */
export function order(changes: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    blotterId: 1, statusId: 1, portfolioId: 'PORTFOLIO012345678901234', orderTypeId: 1, securityId: 'SECURITY0123456789012345',
    quantity: 100.5, limitPrice: null, orderTimestamp: '2026-11-22T10:00:00Z', tradeOrderId: null, version: 1, ...changes,
  };
}
