import { element } from "../element.ts";
import type { Block, Inline, Item } from "./tree.ts";

/** The page's own headings come before those of an answer. */
const HEADINGS = ["h3", "h4", "h5", "h6"] as const;
const MARKS = { strong: "strong", emphasis: "em", struck: "s" } as const;

/** A block as the page shows it. */
export function render(block: Block): HTMLElement {
  switch (block.kind) {
    case "paragraph":
      return element("p", { dir: "auto" }, ...inline(block.content));
    case "heading":
      return element(HEADINGS[block.level - 1] ?? "h6", { dir: "auto" }, ...inline(block.content));
    case "code":
      return code(block.language, block.text);
    case "quote":
      return element("blockquote", {}, ...block.content.map(render));
    case "list":
      return list(block.start, block.items);
    case "table":
      return table(block);
    case "rule":
      return element("hr");
  }
}

function inline(content: readonly Inline[]): Node[] {
  return content.map((node) => {
    if (typeof node === "string") return new Text(node);
    switch (node.kind) {
      case "break":
        return element("br");
      case "code":
        return element("code", {}, node.text);
      case "link":
        return link(node);
      default:
        return element(MARKS[node.kind], {}, ...inline(node.content));
    }
  });
}

/** Where a link leads stands beside its text, unless the text is that very address. */
function link({ target: { href, place }, content }: Extract<Inline, { kind: "link" }>): HTMLElement {
  const [text] = content;
  const plain = content.length === 1 && (text === href || `${text}/` === href || text === place);
  return element(
    "a",
    { href, target: "_blank", rel: "noopener noreferrer nofollow" },
    element("bdi", {}, ...inline(content)),
    ...(plain ? [] : [" ", element("small", {}, place)]),
  );
}

/** The words around code are the style sheet's, so that who selects or hears an answer gets only what it says. */
function code(language: string, text: string): HTMLElement {
  const copy = element("button", { type: "button", class: "copy quiet", "aria-label": "Copy code" });
  return element(
    "figure",
    { class: "code" },
    element("figcaption", { "data-language": language || "code" }, copy),
    element("pre", { tabindex: "0", dir: "ltr" }, element("code", {}, text)),
  );
}

function list(start: number | undefined, items: readonly Item[]): HTMLElement {
  const made = items.map(({ tight, content }) =>
    element("li", { dir: "auto", class: tight && "tight" }, ...content.map(render)),
  );
  if (start === undefined) return element("ul", {}, ...made);
  return element("ol", { start: start === 1 ? undefined : String(start) }, ...made);
}

function table({ align, rows: [head = [], ...body] }: Extract<Block, { kind: "table" }>): HTMLElement {
  const row = (name: "th" | "td", cells: readonly (readonly Inline[])[]) =>
    element(
      "tr",
      {},
      ...cells.map((cell, column) => element(name, { class: align[column], dir: "auto" }, ...inline(cell))),
    );
  return element(
    "div",
    { class: "table", tabindex: "0", role: "region", "aria-label": "Table" },
    element(
      "table",
      {},
      element("thead", {}, row("th", head)),
      element("tbody", {}, ...body.map((cells) => row("td", cells))),
    ),
  );
}
