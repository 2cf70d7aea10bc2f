/** A share of errors says something only after so many items. */
const ENOUGH_ITEMS = 1_000;

/** Whether more items were refused than a batch's error policy (`continue`, `stop`, or a share such as `5%`) allows. */
export function tooManyRejected(policy: string, written: number, rejected: number): boolean {
  if (policy === 'continue') return false;
  if (policy === 'stop') return rejected > 0;
  return written + rejected >= ENOUGH_ITEMS && (rejected / (written + rejected)) * 100 > Number.parseFloat(policy);
}
