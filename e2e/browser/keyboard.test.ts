/** The client for people who have no mouse. */

import { expect, test } from "vitest";
import { useBrowser } from "../harness/browser";
import { Keyboard } from "../harness/keyboard";
import { useStack } from "../harness/stack";
import { until } from "../harness/until";
import { Visitor } from "../harness/visitor";

const stack = useStack();
const browser = useBrowser();

test("everything is done with the keyboard alone", async () => {
  const context = await browser().newContext();
  const visitor = await Visitor.at(context, stack().url(), "kay", "/login");
  const { page } = visitor;
  const keyboard = new Keyboard(page);
  const control = (role: "textbox" | "button" | "link", name: string) =>
    page.getByRole(role, { name, exact: true });
  const create = async (room: string) => {
    await keyboard.to(control("textbox", "Room name"));
    await keyboard.type(room);
    await keyboard.to(control("button", "Create room"));
    await keyboard.press("Enter");
    await page.waitForURL(`**/a/${room}`);
  };

  await keyboard.to(control("textbox", "User name"));
  await keyboard.type("kay");
  await keyboard.to(visitor.field("Password"));
  await keyboard.type("correct horse battery");
  await keyboard.to(control("button", "Create account"));
  await keyboard.press("Enter");
  await visitor.rooms.waitFor();

  await create("first-room");
  await keyboard.to(control("textbox", "Message"));
  await keyboard.type("one line");
  await keyboard.press("Shift+Enter");
  await keyboard.type("and another");
  await keyboard.press("Enter");
  await visitor.seesStored("one line\nand another");
  await keyboard.to(control("link", "Overview"));
  await keyboard.press("Enter");
  await create("second-room");

  const dialog = page.getByRole("dialog", { name: "Jump to…" });
  await keyboard.to(control("textbox", "Message"));
  await keyboard.press("Control+k");
  await dialog.waitFor();
  await keyboard.press("Escape");
  await dialog.waitFor({ state: "hidden" });
  expect(await keyboard.isAt(control("textbox", "Message"))).toBe(true);
  await keyboard.press("Control+k");
  await keyboard.to(dialog.getByRole("combobox", { name: "Room or person" }));
  await keyboard.type("room");
  const first = dialog.getByRole("option", { name: /first-room/ });
  await first.waitFor();
  await until("the arrow reaches the first room", async () => {
    if ((await first.getAttribute("aria-selected")) === "true") return true;
    await keyboard.press("ArrowDown");
    return false;
  });
  await keyboard.press("Enter");
  await page.waitForURL("**/a/first-room");
  await visitor.seesStored("one line\nand another");

  await keyboard.to(control("button", "Leave room"));
  await keyboard.press("Enter");
  await keyboard.to(page.getByRole("dialog").getByRole("button", { name: "Stay" }));
  await keyboard.press("Enter");
  await keyboard.to(control("link", "Settings"), "Shift+Tab");
  await keyboard.press("Enter");
  await page.waitForURL("**/settings");
  await keyboard.to(page.getByRole("radio", { name: "System" }));
  await keyboard.press("ArrowDown", "ArrowDown");
  expect(await page.getByRole("radio", { name: "Dark" }).isChecked()).toBe(true);
  await keyboard.to(control("button", "Log out"));
  await keyboard.press("Enter");
  await visitor.field("Password").waitFor();
  expect(visitor.errors).toEqual([]);
});
