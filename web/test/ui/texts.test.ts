import { expect, it } from "vitest";
import { en } from "../../src/ui/texts/en";
import { ko } from "../../src/ui/texts/ko";

/** Every text of a catalogue by its place, with what it says of one and of two. */
function texts(value: unknown, at = ""): [string, string][] {
  if (typeof value === "string") return [[at, value]];
  if (typeof value === "function") {
    const named = ["Ada", "Bo"];
    const say = value as (first: unknown, second: unknown) => string;
    const said =
      at.endsWith("typing") || at.includes("seenBy") ? [say(named, 2)] : [say(1, "x"), say(2, "x")];
    return [[at, said.join(" ")]];
  }
  return Object.entries(value as object).flatMap(([name, part]) => texts(part, `${at}.${name}`));
}

it("each language says everything, and in words of its own", () => {
  const [english, korean] = [texts(en), new Map(texts(ko))];
  expect([...korean.keys()].sort()).toEqual(english.map(([at]) => at).sort());
  const foreign = english.filter(([at, text]) => {
    const own = korean.get(at) ?? "";
    return (
      own === "" ||
      (own === text && !/^(Holdfast|1, x 2, x|1: x 2: x)$/.test(text)) ||
      (!/[가-힣]/.test(own) && own !== text)
    );
  });
  expect(foreign).toEqual([]);
});
