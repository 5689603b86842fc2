/** The bot that the SDK's README shows, taken from there: it answers, once, also after the gateway was killed. */

import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { afterAll, expect, test } from "vitest";
import { PASSWORD, type Person } from "../harness/person";
import { useStack } from "../harness/stack";
import { until } from "../harness/until";

const stack = useStack();

const WEB = resolve(import.meta.dirname, "../../web");
// Beside the built SDK, where its name is found as a bot's author finds it.
const FILE = resolve(WEB, `dist-sdk/bot-${process.pid}.mjs`);

let bot: ChildProcess | undefined;
let said = "";
const end = () => bot?.kill("SIGKILL");
process.once("exit", end);
afterAll(() => {
  end();
  rmSync(FILE, { force: true });
});

function shownBot(): string {
  const [, code] = /```js\n(.*?)```/s.exec(readFileSync(resolve(WEB, "src/sdk/README.md"), "utf8")) ?? [];
  if (code === undefined) throw new Error("the README shows no bot");
  return code;
}

function run(person: Person): void {
  writeFileSync(FILE, shownBot());
  const env = {
    ...process.env,
    HOLDFAST_URL: stack().url(),
    HOLDFAST_USER: person.userId,
    HOLDFAST_PASSWORD: PASSWORD,
  };
  bot = spawn(process.execPath, [FILE], { env, stdio: ["ignore", "pipe", "pipe"] });
  for (const stream of [bot.stdout, bot.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => (said += text));
  }
}

async function texts(person: Person, room: string): Promise<string[]> {
  return (await person.rest.log(room)).map(({ text }) => text);
}

test("the bot of the README answers each ping once, over a kill of the gateway too", async () => {
  const [alice, robot] = await stack().people("alice", "robot");
  const room = await alice.createRoom(robot);
  await alice.rest.send(room, "!ping");
  run(robot);
  await until("the bot listens", () => said.includes("listening"), { deadlineMs: 10_000, state: () => said });
  await alice.rest.send(room, "!ping");
  const answered = async (count: number) =>
    (await texts(alice, room)).filter((text) => text === "pong").length >= count;
  const waited = { deadlineMs: 20_000, state: () => said };
  await until("the bot answers", () => answered(1), waited);

  await stack().restartGateway();
  await alice.rest.send(room, "!ping");
  await until("the bot answers again", () => answered(2), waited);
  // What it heard twice it would have answered before this.
  await alice.rest.send(room, "!ping");
  await until("the bot answers at once", () => answered(3), waited);
  expect(await texts(alice, room)).toEqual(["!ping", "!ping", "pong", "!ping", "pong", "!ping", "pong"]);
  expect(said).toBe("listening\n");
});
