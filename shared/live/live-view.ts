import type { SettingName, Settings } from '../config/settings.ts';

type View<M extends Record<string, SettingName>> = { readonly [K in keyof M]: Settings[M[K]] };

/** Settings under the names that their reader has for them, read anew each time: a change of a live setting is seen at the next look. */
export function liveView<const M extends Record<string, SettingName>>(settings: Settings, names: M): View<M> {
  const view = {};
  for (const [key, name] of Object.entries(names)) Object.defineProperty(view, key, { enumerable: true, get: () => settings[name] });
  return view as View<M>;
}
