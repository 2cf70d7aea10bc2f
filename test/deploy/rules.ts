import { readdirSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';

export interface Rule {
  alert?: string;
  record?: string;
  expr: string;
  for?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
}
export interface RuleTests {
  group_eval_order: string[];
  tests: { input_series: { series: string }[]; alert_rule_test: { alertname: string; exp_alerts: { exp_labels: Record<string, string> }[] }[] }[];
}

const folder = new URL('../../deploy/prometheus/', import.meta.url);
const read = <T>(of: string): T[] => readdirSync(new URL(of, folder)).filter((name) => name.endsWith('.yml')).map((name) => parse(readFileSync(new URL(`${of}${name}`, folder), 'utf8'), { merge: true }) as T);

export const GROUPS = read<{ groups: { name: string; rules: Rule[] }[] }>('rules/').flatMap(({ groups }) => groups);
export const RULES = GROUPS.flatMap(({ rules }) => rules);
export const RULE_TESTS = read<RuleTests>('tests/');
