import { expect, it } from "vitest";
import { fileSize, localeOf } from "../../src/ui/format";
import { said } from "../../src/ui/said";

it("dates are in the language of the page, and of the reader's country where they speak it", () => {
  expect(localeOf("en", ["ko-KR", "en-GB", "en-US"])).toBe("en-GB");
  expect(localeOf("en", ["ko-KR", "ko"])).toBe("en");
  expect(localeOf("ko", ["en-GB", "ko-KR"])).toBe("ko-KR");
  // Not every tag that browsers give is one.
  for (const tag of ["en_US", "en-US@posix", "enm-GB"]) expect(localeOf("en", [tag])).toBe("en");
});

it("sizes are read at a glance", () => {
  expect([0, 1, 1_023, 1_024, 1_536, 5 * 1_024 ** 2, 3 * 1_024 ** 4].map(fileSize)).toEqual([
    "0 bytes",
    "1 byte",
    "1,023 bytes",
    "1 kB",
    "1.5 kB",
    "5 MB",
    "3,072 GB",
  ]);
});

it("a message in one line is short, whatever it says", () => {
  expect(said({ text: "  one\n\n two " })).toBe("one two");
  expect(said({ text: "", file: { name: "tide.pdf" } })).toBe("file tide.pdf");
  expect(said({ text: "look", file: { name: "tide.pdf" } })).toBe("look");
  expect(said({ text: "🌊".repeat(200) })).toBe("🌊".repeat(200));
  expect(said({ text: "🌊".repeat(201) })).toBe(`${"🌊".repeat(200)}…`);
});
