/** The words of the page, in the language that the reader chose. */

import { signal } from "@preact/signals";
import { en, type Texts } from "./texts/en";

/** The languages that there are, each under its own name. */
export const languages = { en: "English", ko: "한국어" } as const;
export type Language = keyof typeof languages;

export const language = signal<Language>("en");

/** Every text, in the language that is chosen now: whoever reads it in a component is drawn again when that changes. */
export const t = signal<Texts>(en);

/** Changes the language. Catalogues other than English are loaded when they are first asked for. */
export async function speak(chosen: Language): Promise<void> {
  const texts = chosen === "ko" ? (await import("./texts/ko")).ko : en;
  language.value = chosen;
  t.value = texts;
  document.documentElement.lang = chosen;
}

/** What to say of a failed call. */
export function errorText(code: string): string {
  const { errors } = t.value;
  return (Object.hasOwn(errors, code) ? errors[code] : errors["fault"]) ?? code;
}
