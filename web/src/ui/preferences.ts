/** What the reader chose for this browser: colours and language. Kept apart from what belongs to a user. */

import { signal } from "@preact/signals";
import { languages, speak, type Language } from "./texts";

export type Theme = "system" | "light" | "dark";
const THEMES: readonly Theme[] = ["system", "light", "dark"];

export const theme = signal<Theme>("system");

/** Takes up what was chosen before. */
export async function recallPreferences(): Promise<void> {
  const kept = recall("theme");
  chooseTheme(THEMES.find((one) => one === kept) ?? "system");
  const wanted = [recall("language"), ...navigator.languages.map((tag) => tag.split("-")[0])];
  const spoken = wanted.find((one): one is Language => one !== undefined && Object.hasOwn(languages, one));
  // A catalogue that does not load leaves English.
  await speak(spoken ?? "en").catch(() => undefined);
}

export function chooseTheme(chosen: Theme): void {
  theme.value = chosen;
  remember("theme", chosen);
  const root = document.documentElement;
  if (chosen === "system") delete root.dataset["theme"];
  else root.dataset["theme"] = chosen;
  colourFrame(chosen);
}

/** The browser colours what is around the page like the page. */
function colourFrame(chosen: Theme): void {
  for (const meta of document.querySelectorAll<HTMLMetaElement>('meta[name="theme-color"]')) {
    const scheme = meta.dataset["scheme"] ?? "";
    const chosenMedia = scheme === chosen ? "all" : "not all";
    meta.media = chosen === "system" ? `(prefers-color-scheme: ${scheme})` : chosenMedia;
  }
}

/** Errors: the catalogue could not be loaded. */
export async function chooseLanguage(chosen: Language): Promise<void> {
  await speak(chosen);
  remember("language", chosen);
}

function recall(name: string): string | undefined {
  try {
    return localStorage.getItem(`holdfast-${name}`) ?? undefined;
  } catch {
    return undefined;
  }
}

function remember(name: string, value: string): void {
  try {
    localStorage.setItem(`holdfast-${name}`, value);
  } catch {
    // A browser that keeps nothing asks again.
  }
}
