/** Somebody at a browser, who does what people do: by the names that a screen reader would say. */

import { existsSync } from "node:fs";
import { type Browser, type BrowserContext, chromium, type Locator, type Page } from "playwright-core";
import { until } from "./until";

const PASSWORD = "correct horse battery";
const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"];
FLAGS.push("--disable-background-networking", "--disable-component-update");

/** A message as the page shows it. */
interface Shown {
  /** Absent until it is stored. */
  seq: string | undefined;
  state: string | undefined;
  text: string;
}

export async function launchBrowser(): Promise<Browser> {
  const executablePath = process.env["CHROMIUM"] ?? "/usr/bin/chromium";
  if (!existsSync(executablePath)) {
    const hint = "install it (Debian: `apt-get install chromium`), or set CHROMIUM to where one is";
    throw new Error(`there is no Chromium at ${executablePath}: ${hint}`);
  }
  return chromium.launch({ executablePath, args: FLAGS });
}

export class Visitor {
  readonly userId: string;
  /** Errors that no script caught. */
  readonly errors: string[] = [];
  readonly #url: string;
  readonly #context: BrowserContext;
  #page: Page | undefined;

  private constructor(url: string, context: BrowserContext, userId: string) {
    this.#url = url;
    this.#context = context;
    this.userId = userId;
  }

  /** A browser profile of its own, in which an account is made. */
  static async signUp(browser: Browser, url: string, userId: string): Promise<Visitor> {
    const visitor = new Visitor(url, await browser.newContext(), userId);
    await visitor.open("/login");
    await visitor.#enter("Create account");
    return visitor;
  }

  /** Another profile, in which the same user logs in. */
  async elsewhere(browser: Browser): Promise<Visitor> {
    const visitor = new Visitor(this.#url, await browser.newContext(), this.userId);
    await visitor.open("/login");
    await visitor.#enter("Log in");
    return visitor;
  }

  get page(): Page {
    if (this.#page === undefined) throw new Error(`${this.userId} has no page open`);
    return this.#page;
  }

  /** Opens a page of the client, in a new tab. */
  async open(path: string): Promise<void> {
    this.#page = await this.#context.newPage();
    this.#page.on("pageerror", (error) => this.errors.push(error.message));
    await this.#page.goto(this.#url + path);
  }

  async closePage(): Promise<void> {
    await this.page.close();
    this.#page = undefined;
  }

  async #enter(button: "Create account" | "Log in"): Promise<void> {
    await this.field("User name").fill(this.userId);
    await this.field("Password").fill(PASSWORD);
    await this.press(button);
    await this.rooms.waitFor();
  }

  field(name: string): Locator {
    return this.page.getByLabel(name, { exact: true });
  }

  async press(button: string): Promise<void> {
    await this.page.getByRole("button", { name: button, exact: true }).click();
  }

  get rooms(): Locator {
    return this.page.getByRole("navigation", { name: "Rooms" });
  }

  get status(): Locator {
    return this.page.getByRole("status");
  }

  async createRoom(name: string): Promise<void> {
    await this.field("Room name").fill(name);
    await this.press("Create room");
    await this.page.waitForURL(`**/a/${name}`);
    await this.field("Message").waitFor();
  }

  async invite(userId: string): Promise<void> {
    await this.field("Invite user").fill(userId);
    await this.press("Invite");
  }

  async accept(room: string): Promise<void> {
    await this.press("Accept");
    await this.page.waitForURL(`**/a/${room}`);
    await this.field("Message").waitFor();
  }

  /** Writes messages, one after the other, without waiting for anything to happen to them. */
  async write(...texts: string[]): Promise<void> {
    for (const text of texts) {
      await this.field("Message").fill(text);
      await this.press("Send");
    }
  }

  get articles(): Locator {
    return this.page.getByRole("log", { name: "Messages" }).getByRole("article");
  }

  shown(): Promise<Shown[]> {
    return this.articles.evaluateAll((articles) =>
      articles.map((article) => ({
        seq: article.getAttribute("data-seq") ?? undefined,
        state: article.getAttribute("data-state") ?? undefined,
        text: article.textContent,
      })),
    );
  }

  /** Waits until the log shows these messages, in this order and no others, all stored: seqs 1, 2, 3, … */
  async seesStored(...texts: string[]): Promise<void> {
    await this.#sees(texts, (one, index) => one.state === "stored" && one.seq === `${index + 1}`);
  }

  /** Waits until the log shows these messages, of which so many are stored and the others wait. */
  async seesWaiting(stored: number, ...texts: string[]): Promise<void> {
    const waits = (one: Shown) =>
      one.seq === undefined && (one.state === "queued" || one.state === "sending");
    await this.#sees(texts, (one, index) => (index < stored ? one.state === "stored" : waits(one)));
  }

  async #sees(texts: string[], fits: (one: Shown, index: number) => boolean): Promise<void> {
    let shown: Shown[] = [];
    const all = async () => {
      shown = await this.shown();
      const isRight = (one: Shown, index: number) =>
        one.text.includes(texts[index] ?? "") && fits(one, index);
      return shown.length === texts.length && shown.every(isRight);
    };
    await until(`${this.userId} sees ${texts.join(", ")}`, all, { deadlineMs: 20_000, state: () => shown });
  }
}
