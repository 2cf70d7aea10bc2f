/**
 * The rules an item is checked by, in the terms of fastest-validator, with four types of Sluice's own:
 * `decimal` (exact, canonical text), `text` (length in characters, what PostgreSQL can store), `whole` (integers), `instant` (ISO 8601 with offset).
 */
interface Presence {
  /** Absent and null are both accepted; otherwise both are the fault `required`. */
  optional?: boolean;
  default?: unknown;
}
export interface DecimalRule extends Presence {
  type: 'decimal';
  precision: number;
  scale: number;
  /** `positive`: > 0, `natural`: >= 0; otherwise any sign. */
  sign?: 'positive' | 'natural';
}
export interface TextRule extends Presence {
  type: 'text';
  /** Characters (code points), not code units. */
  min: number;
  max: number;
}
export interface WholeRule extends Presence {
  type: 'whole';
  min: number;
  max: number;
}
export interface ChoiceRule extends Presence {
  type: 'enum';
  values: readonly string[];
}
export interface InstantRule extends Presence {
  type: 'instant';
}
export type ItemRule = DecimalRule | TextRule | WholeRule | ChoiceRule | InstantRule;
export type ItemRules = Record<string, ItemRule>;
