import { workOutside } from './outwork.kind.ts';

/** The same work, in a hurry. */
export default workOutside('rushwork', 2_000);
