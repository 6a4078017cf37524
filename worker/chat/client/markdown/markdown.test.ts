import { array, assert, constantFrom, property, string } from "fast-check";
import { expect, it } from "vitest";
import { parseBlocks } from "./block.ts";
import { parseInline } from "./inline.ts";
import { settle } from "./settle.ts";
import type { Block, Inline } from "./tree.ts";

/** A tree in short: `strong(…)` and so on. */
const inline = (content: readonly Inline[]): string =>
  content
    .map((node) => {
      if (typeof node === "string") return node;
      if (node.kind === "break") return "⏎";
      if (node.kind === "code") return `code(${node.text})`;
      if (node.kind === "link")
        return `link(${inline(node.content)} → ${node.target.place} ${node.target.href})`;
      return `${node.kind}(${inline(node.content)})`;
    })
    .join("");

function block(node: Block): string {
  switch (node.kind) {
    case "paragraph":
      return `p(${inline(node.content)})`;
    case "heading":
      return `h${node.level}(${inline(node.content)})`;
    case "code":
      return `code:${node.language}(${node.text})`;
    case "quote":
      return `quote(${node.content.map(block).join(" ")})`;
    case "list":
      return `${node.start ?? "-"}[${node.items
        .map(({ tight, content }) => (tight ? "" : "~") + content.map(block).join(" "))
        .join(", ")}]`;
    case "table":
      return `${node.align.join("/")} ${node.rows.map((row) => row.map(inline).join("|")).join("; ")}`;
    case "rule":
      return "rule";
  }
}
const blocks = (source: string) => parseBlocks(source).map(({ block: node }) => block(node));

it.each([
  ["plain text", "plain text"],
  ["*a* _b_ **c** __d__ ~~e~~", "emphasis(a) emphasis(b) strong(c) strong(d) struck(e)"],
  ["***a*** **a *b* c**", "emphasis(strong(a)) strong(a emphasis(b) c)"],
  ["**open, 2 * 3, snake_case_name, a~b", "**open, 2 * 3, snake_case_name, a~b"],
  ["\\*a\\* \\[b\\] \\d", "*a* [b] \\d"],
  ["`a *b*` `` a`b `` ` open", "code(a *b*) code(a`b) ` open"],
  ["one\ntwo", "one⏎two"],
  ["**粗体**文字", "strong(粗体)文字"],
])("reads the text %j", (source, expected) => {
  expect(inline(parseInline(source))).toBe(expected);
});

it.each([
  ["[a](https://b.example/c)", "link(a → b.example https://b.example/c)"],
  ['[**a**](<https://b.example/c d> "title")', "link(strong(a) → b.example https://b.example/c%20d)"],
  [
    "see https://b.example/c_(d). And",
    "see link(https://b.example/c_(d) → b.example https://b.example/c_(d)). And",
  ],
  ["(https://b.example)", "(link(https://b.example → b.example https://b.example/))"],
  ["<ada@example.com>", "link(ada@example.com → ada@example.com mailto:ada@example.com)"],
  ["[](https://b.example)", "link(b.example → b.example https://b.example/)"],
  [
    "[https://good.example](https://evil.example)",
    "link(https://good.example → evil.example https://evil.example/)",
  ],
  ["[good](https://gооd.example)", "link(good → xn--gd-fmca.example https://xn--gd-fmca.example/)"],
  ["![cat](https://b.example/c.png?q)", "link(Image: cat → b.example https://b.example/c.png?q)"],
  ["[![a](https://i.example)](https://b.example)", "link(Image: a → b.example https://b.example/)"],
  ["[a](mailto:ada@example.com?bcc=x@evil.example)", "link(a → ada@example.com mailto:ada@example.com)"],
])("reads the link %j", (source, expected) => {
  expect(inline(parseInline(source))).toBe(expected);
});

it.each([
  "[a](javascript:alert(1))",
  "[a](JaVaScRiPt:alert(1))",
  "[a](\u0001javascript:alert(1))",
  "[a](java\nscript:alert(1))",
  "[a](data:text/html,<script>alert(1)</script>)",
  "[a](vbscript:x)",
  "[a](file:///etc/passwd)",
  "[a](blob:null/1)",
  "[a](/v1/models)",
  "[a](//evil.example)",
  "[a](https://bank.example@evil.example)",
  "<javascript:alert(1)>",
  "![a](data:image/svg+xml;base64,AAAA)",
  "[a][1]",
])("makes no link of %j", (source) => {
  expect(JSON.stringify(parseInline(source))).not.toContain('"link"');
});

it.each<[string, string[]]>([
  ["# a #\n## b\n#c\n####### d", ["h1(a)", "h2(b)", "p(#c⏎####### d)"]],
  ["a\nb\n\nc", ["p(a⏎b)", "p(c)"]],
  ["a\n```js x\nb\n\n\n  c\n```\nd", ["p(a)", "code:js(b\n\n\n  c)", "p(d)"]],
  ["~~~~\n~~~\n```\n~~~~", ["code:(~~~\n```)"]],
  ["```\nopen", ["code:(open)"]],
  ["> a\nb\n> - c\n\nd", ["quote(p(a⏎b) -[p(c)])", "p(d)"]],
  ["- a\n- b\n  - c\n* d", ["-[p(a), p(b) -[p(c)]]", "-[p(d)]"]],
  ["3. a\n4. b\n   more\n\n5. c", ["3[~p(a), ~p(b⏎more), ~p(c)]"]],
  ["1. a\n\n   ```\n   b\n\n   c\n   ```\n2. d", ["1[~p(a) code:(b\n\nc), ~p(d)]"]],
  ["- [ ] a\n- [x] b", ["-[p(☐ a), p(☑ b)]"]],
  ["1. a\n  - b", ["1[p(a) -[p(b)]]"]],
  ["a\n\n***\n- - -\n", ["p(a)", "rule", "rule"]],
  ["x\n|a|b|\n|:-|-:|\n|1|2|3|\n|4|\n\ny", ["p(x)", "left/right a|b; 1|2; 4|", "p(y)"]],
  ["a | b\n--- | ---\n`x \\| y` | *z*", ["/ a|b; code(x | y)|emphasis(z)"]],
  ["a | b\nc", ["p(a | b⏎c)"]],
  ["<script>alert(1)</script>\n<img src=x>", ["p(<script>alert(1)</script>⏎<img src=x>)"]],
  ["in\n2020. a year", ["p(in⏎2020. a year)"]],
])("reads the blocks of %j", (source, expected) => {
  expect(blocks(source)).toEqual(expected);
});

/** What markdown is made of, in any order: worse than any model writes. */
const text = array(
  constantFrom(
    ...[
      "\n",
      "\n\n",
      " ",
      "  ",
      "   ",
      "a",
      "b c",
      "*",
      "**",
      "_",
      "~~",
      "`",
      "```",
      "```\n",
      "~~~\n",
      "#",
      "## ",
    ],
    ...[
      "> ",
      "- ",
      "1. ",
      "2) ",
      "|",
      "|-|",
      "a|b\n-|-\n",
      "[",
      "](",
      ")",
      "![",
      "<",
      ">",
      "\\",
      "---",
      "\n- ",
    ],
    ...["https://a.example", "javascript:", "data:", "@", ":", "é", "🙂"],
  ),
  { maxLength: 60 },
).map((pieces) => pieces.join(""));

it("reads a text that comes in pieces as it reads it whole", () => {
  assert(
    property(array(text, { maxLength: 6 }), (pieces) => {
      const settled: Block[] = [];
      let rest = "";
      let last: Block[] = [];
      for (const piece of pieces) {
        rest += piece;
        const parsed = parseBlocks(rest);
        const { blocks: done, rest: left } = settle(rest, parsed);
        settled.push(...parsed.slice(0, done).map((each) => each.block));
        last = parsed.slice(done).map((each) => each.block);
        rest = left;
      }
      expect([...settled, ...last]).toEqual(parseBlocks(pieces.join("")).map((each) => each.block));
    }),
    { numRuns: 2000 },
  );
});

it("makes links to the web and to mail only, of whatever text", () => {
  assert(
    property(text, string(), (one, other) => {
      const tree = JSON.stringify(parseBlocks(`${one}${other}`));
      for (const [, address] of tree.matchAll(/"href":"([^"]*)"/g))
        expect(address).toMatch(/^(https?:\/\/|mailto:)/);
    }),
    { numRuns: 2000 },
  );
});

it.each([
  "[",
  "![",
  "*a ",
  "**a_",
  "`",
  "``` ",
  "> ",
  "- ",
  "[a](",
  "<",
  "https://",
  "|a",
  "a|b\n|-|-\n",
  "_*",
  "\\",
])("is done in no time with 50 KB of %j", (piece) => {
  const source = piece.repeat(50_000 / piece.length);
  const began = performance.now();
  parseBlocks(source);
  expect(performance.now() - began).toBeLessThan(2000);
});
