import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse } from "../../src/ui/rich";

const shown = (text: string) => parse(text).map(({ kind, text }) => `${kind}:${text}`);

describe("a message's text", () => {
  it("has links, and no more of the sentence in them than belongs there", () => {
    const cases: [string, string[]][] = [
      ["see https://a.example/x?y=1#z.", ["text:see ", "link:https://a.example/x?y=1#z", "text:."]],
      ["(http://a.example/b)", ["text:(", "link:http://a.example/b", "text:)"]],
      [
        "https://en.example/wiki/Tide_(sea), then",
        ["link:https://en.example/wiki/Tide_(sea)", "text:, then"],
      ],
      ["„https://a.example“", ["text:„", "link:https://a.example", "text:“"]],
      [
        "javascript:alert(1) data:text/html,x //a.example",
        ["text:javascript:alert(1) data:text/html,x //a.example"],
      ],
      ["xhttps://a.example", ["text:xhttps://a.example"]],
      ["https:// and http://", ["text:https:// and http://"]],
      ['<a href="https://a.example">b</a>', ['text:<a href="', "link:https://a.example", 'text:">b</a>']],
    ];
    for (const [text, parts] of cases) expect(shown(text), text).toEqual(parts);
  });

  it("has links that end where a particle or a sign follows their host, and hosts in other letters as they are", () => {
    const linked = (text: string) => parse(text).find(({ kind }) => kind === "link")?.text;
    expect(linked("https://example.com에서 봐요")).toBe("https://example.com");
    expect(linked("https://example.com입니다.")).toBe("https://example.com");
    expect(linked("https://example.com:8443에서")).toBe("https://example.com:8443");
    expect(linked("https://example.com/에서")).toBe("https://example.com/에서");
    const others = [
      "https://한국.kr/x",
      "https://www.fußball.example/x",
      "https://www.example.中国",
      "http://예시.한국",
    ];
    for (const other of others) expect(linked(other)).toBe(other);
  });

  it("has code, in lines and in blocks, in which nothing else is found", () => {
    expect(shown("run `rm https://a.example` now")).toEqual([
      "text:run ",
      "code:rm https://a.example",
      "text: now",
    ]);
    expect(parse("so:\n```rust\nlet a = `b`;\n\nhttps://a.example\n```\ndone")).toEqual([
      { kind: "text", text: "so:\n" },
      { kind: "block", text: "let a = `b`;\n\nhttps://a.example", language: "rust" },
      { kind: "text", text: "done" },
    ]);
    expect(shown("``` open")).toEqual(["text:``` open"]);
    expect(shown("```one line```")).toEqual(["block:one line"]);
    expect(shown("a `` b and ` c")).toEqual(["text:a `", "code: b and ", "text: c"]);
  });

  it("is all there, in order, whatever it is, but for the fences of code", () => {
    const piece = fc.constantFrom(
      "`",
      "```",
      "\n",
      "https://",
      "a.example",
      "(",
      ")",
      ".",
      "x",
      "<b>",
      "”",
      " ",
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(piece, fc.string()), { maxLength: 40 }), (pieces) => {
        const text = pieces.join("");
        let at = 0;
        for (const part of parse(text)) {
          const found = text.indexOf(part.text, at);
          expect(found).toBeGreaterThanOrEqual(at);
          expect(text.slice(at, found)).toMatch(/^[`\n\w+#.-]*$/);
          at = found + part.text.length;
          if (part.kind === "link") expect(new URL(part.text).protocol).toMatch(/^https?:$/);
        }
        expect(text.slice(at)).toMatch(/^[`\n]*$/);
      }),
      { numRuns: 1_000 },
    );
  });

  it("takes no longer than its length allows", () => {
    for (const hostile of [
      "http://" + ".)".repeat(4_000),
      "```\n".repeat(2_000),
      "`".repeat(8_000),
      "http://a".repeat(1_000),
      "http://" + "a.".repeat(4_000) + "에",
    ]) {
      expect(parse(hostile).length).toBeLessThan(8_001);
    }
  });
});
