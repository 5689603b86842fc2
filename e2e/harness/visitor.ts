/** Somebody at a browser, who does what people do: by the names that a screen reader would say. */

import type { Browser, BrowserContext, BrowserContextOptions, Locator, Page } from "playwright-core";
import { PASSWORD, type Person } from "./person";
import type { GivenFile } from "./picture";
import { logOf, type Shown, shown } from "./timeline";
import { until } from "./until";

/** How long somebody waits for something to appear or to become ready for a click. */
const PATIENCE_MS = 12_000;

export class Visitor {
  readonly userId: string;
  readonly context: BrowserContext;
  /** Errors that no script caught. */
  readonly errors: string[] = [];
  readonly #url: string;
  #page: Page | undefined;

  private constructor(url: string, context: BrowserContext, userId: string) {
    this.#url = url;
    this.context = context;
    this.userId = userId;
    context.setDefaultTimeout(PATIENCE_MS);
  }

  /** A browser profile of its own, in which an account is made. */
  static async signUp(browser: Browser, url: string, userId: string): Promise<Visitor> {
    const visitor = new Visitor(url, await browser.newContext(), userId);
    await visitor.open("/login");
    await visitor.enter("Create account");
    return visitor;
  }

  /** A browser profile of its own, in which somebody is logged in already. */
  static async of(
    browser: Browser,
    url: string,
    person: Person,
    path = "/rt",
    options: BrowserContextOptions = {},
  ): Promise<Visitor> {
    const context = await browser.newContext(options);
    await context.addCookies([
      { name: "chat_session", value: person.token, url, httpOnly: true, sameSite: "Lax" },
    ]);
    return Visitor.at(context, url, person.userId, path);
  }

  /** The user of a profile that is there, with a page open. */
  static async at(context: BrowserContext, url: string, userId: string, path: string): Promise<Visitor> {
    const visitor = new Visitor(url, context, userId);
    await visitor.open(path);
    return visitor;
  }

  /** Another profile, in which the same user logs in. */
  async elsewhere(browser: Browser): Promise<Visitor> {
    const visitor = new Visitor(this.#url, await browser.newContext(), this.userId);
    await visitor.open("/login");
    await visitor.enter("Log in");
    return visitor;
  }

  /** Another tab of the same profile. */
  tab(path: string): Promise<Visitor> {
    return Visitor.at(this.context, this.#url, this.userId, path);
  }

  get page(): Page {
    if (this.#page === undefined) throw new Error(`${this.userId} has no page open`);
    return this.#page;
  }

  /** Opens a page of the client, in a new tab. */
  async open(path: string): Promise<void> {
    this.#page = await this.context.newPage();
    this.#page.on("pageerror", (error) => this.errors.push(error.message));
    await this.go(path);
  }

  /** Enters an address in the tab that is open. */
  async go(path: string): Promise<void> {
    await this.page.goto(this.#url + path);
  }

  async closePage(): Promise<void> {
    await this.page.close();
    this.#page = undefined;
  }

  /** Fills in the form of the log-in page, and waits until it lets one in. */
  async enter(button: "Create account" | "Log in"): Promise<void> {
    await this.field("User name").fill(this.userId);
    await this.field("Password").fill(PASSWORD);
    await this.press(button);
    await this.rooms.waitFor();
  }

  field(name: string): Locator {
    return this.page.getByLabel(name, { exact: true });
  }

  async press(button: string, within: Page | Locator = this.page): Promise<void> {
    await within.getByRole("button", { name: button, exact: true }).click();
  }

  get rooms(): Locator {
    return this.page.getByRole("navigation", { name: "Rooms", exact: true });
  }

  get directMessages(): Locator {
    return this.page.getByRole("navigation", { name: "Direct messages", exact: true });
  }

  get heading(): Locator {
    return this.page.getByRole("heading", { level: 1 });
  }

  /** A part of a page by its name: "Invites", "Friends", … */
  section(name: string): Locator {
    return this.page.getByRole("region", { name, exact: true });
  }

  get members(): Locator {
    return this.page.getByRole("complementary", { name: "Members" });
  }

  /** Waits until the page says that its connection is so. */
  async connection(
    status: "offline" | "connecting" | "reconnecting" | "resyncing" | "current",
  ): Promise<void> {
    const line = this.page.locator(`[role="status"][data-status="${status}"]`);
    await line.first().waitFor({ timeout: 25_000 });
  }

  /** Waits until the page can be opened without a network: its service worker has taken it over. */
  async installed(): Promise<void> {
    await this.page.evaluate(async () => {
      await navigator.serviceWorker.ready;
    });
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

  /** Accepts the invite that waits, and goes to the room. */
  async accept(room: string): Promise<void> {
    await this.press("Accept", this.section("Invites"));
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

  /** Attaches files to the message that one is about to send. */
  async attach(...files: GivenFile[]): Promise<void> {
    await this.page.locator('input[type="file"]').setInputFiles(files);
    for (const { name } of files) {
      await this.page.getByRole("button", { name: `Remove ${name}`, exact: true }).waitFor();
    }
  }

  /** Sends the files that are attached, without a text. */
  async sendFiles(...files: GivenFile[]): Promise<void> {
    await this.attach(...files);
    await this.press("Send");
  }

  get articles(): Locator {
    return logOf(this.page).getByRole("article");
  }

  /** The messages with this text. */
  article(text: string): Locator {
    return this.articles.filter({ hasText: text });
  }

  /** Waits until a picture is there, and really shown. */
  async seesPicture(name: string, within: Locator): Promise<void> {
    const image = within.getByRole("img", { name, exact: true });
    const width = () => image.evaluate((one) => (one instanceof HTMLImageElement ? one.naturalWidth : 0));
    await until(`${name} is shown`, async () => (await width()) > 0, { deadlineMs: 10_000 });
  }

  shown(): Promise<Shown[]> {
    return shown(this.page);
  }

  /** Waits until the log shows these messages, in this order and no others, all stored: seqs 1, 2, 3, … */
  async seesStored(...texts: string[]): Promise<void> {
    await this.#sees(texts, (one, index) => one.state === "stored" && one.seq === index + 1);
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
