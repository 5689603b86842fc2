import { expect, it } from "vitest";
import { NoAnswer, Refused } from "../src/sdk/errors";
import { Refresher } from "../src/sdk/refresher";
import { Retry } from "../src/sdk/retry";
import { Clock } from "./world/clock";

function retrying() {
  const clock = new Clock();
  const tries: number[] = [];
  const start = clock.now();
  const retry = new Retry(
    clock,
    () => 0.5,
    () => tries.push(clock.now() - start),
  );
  return { clock, retry, tries };
}

it("a wait becomes longer with each failure in a row, and comes after what the server asked for", () => {
  const { clock, retry, tries } = retrying();
  for (let failure = 0; failure < 3; failure += 1) {
    retry.failed(new NoAnswer(""));
    expect(retry.isWaiting).toBe(true);
    clock.ring();
  }
  retry.succeeded();
  retry.failed(new Refused("rate_limited", "", 1_000));
  clock.ring();
  expect(tries).toEqual([200, 600, 1_400, 2_600]);
  expect(retry.isWaiting).toBe(false);
});

it("a wait is cut short to what the server asked for, also where the clock was put back", () => {
  const { clock, retry, tries } = retrying();
  retry.failed(new NoAnswer(""));
  retry.hurry();
  expect([retry.isWaiting, clock.waiting]).toEqual([false, 0]);
  retry.failed(new Refused("rate_limited", "", 1_000));
  retry.hurry();
  clock.ring();
  expect(tries).toEqual([1_000]);
  retry.failed(new Refused("rate_limited", "", 1_000));
  clock.putBack(3_600_000);
  retry.hurry();
  clock.ring();
  expect(tries).toEqual([1_000, 2_000 - 3_600_000]);
});

it("what is asked for while it is read is read once more, and after a failure when the wait is over", async () => {
  const clock = new Clock();
  let reads = 0;
  let failure: Error | undefined;
  const refresher = new Refresher(
    clock,
    () => 0.5,
    async () => {
      reads += 1;
      await Promise.resolve();
      if (failure !== undefined) throw failure;
    },
  );
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  for (let asked = 0; asked < 5; asked += 1) refresher.ask();
  await turn();
  expect(reads).toBe(2);
  failure = new Refused("rate_limited", "", 5_000);
  refresher.ask();
  await turn();
  refresher.ask();
  refresher.hurry();
  await turn();
  expect(reads).toBe(3);
  failure = undefined;
  clock.ring();
  await turn();
  expect([reads, clock.waiting]).toEqual([4, 0]);
  failure = new NoAnswer("");
  refresher.ask();
  await turn();
  refresher.hurry();
  await turn();
  expect(reads).toBe(6);
  refresher.stop();
  refresher.ask();
  await turn();
  expect([reads, clock.waiting]).toEqual([6, 0]);
});
