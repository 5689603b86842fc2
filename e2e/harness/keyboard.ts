/** Somebody without a mouse. */

import type { Locator, Page } from "playwright-core";

/** More stops than any page has. */
const STOPS = 120;

export class Keyboard {
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
  }

  /** Goes to a control with Tab (or Shift+Tab), unless the focus is there. Fails where Tab does not lead there. */
  async to(control: Locator, key: "Tab" | "Shift+Tab" = "Tab"): Promise<void> {
    await control.waitFor();
    const passed: string[] = [];
    while (!(await this.isAt(control))) {
      if (passed.length > STOPS) throw new Error(`${key} does not lead there: ${passed.join(", ")}`);
      await this.press(key);
      passed.push(await this.#where());
    }
  }

  isAt(control: Locator): Promise<boolean> {
    return control.evaluate((one) => one === document.activeElement);
  }

  async press(...keys: string[]): Promise<void> {
    for (const key of keys) await this.#page.keyboard.press(key);
  }

  async type(text: string): Promise<void> {
    await this.#page.keyboard.type(text);
  }

  #where(): Promise<string> {
    return this.#page.evaluate(() => {
      const at = document.activeElement;
      return `${at?.tagName ?? "nowhere"} ${at?.getAttribute("aria-label") ?? at?.textContent.slice(0, 30) ?? ""}`;
    });
  }
}
