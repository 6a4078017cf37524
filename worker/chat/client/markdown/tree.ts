/** A text as the page shows it. There is no node for HTML, and none for an image: neither can ever come about. */
export type Inline =
  | string
  | { readonly kind: "strong" | "emphasis" | "struck"; readonly content: readonly Inline[] }
  | { readonly kind: "code"; readonly text: string }
  | { readonly kind: "link"; readonly target: Target; readonly content: readonly Inline[] }
  | { readonly kind: "break" };

export type Block =
  | { readonly kind: "paragraph"; readonly content: readonly Inline[] }
  | { readonly kind: "heading"; readonly level: number; readonly content: readonly Inline[] }
  | { readonly kind: "code"; readonly language: string; readonly text: string }
  | { readonly kind: "quote"; readonly content: readonly Block[] }
  | { readonly kind: "list"; readonly start: number | undefined; readonly items: readonly Item[] }
  | {
      readonly kind: "table";
      readonly align: readonly Alignment[];
      /** The first row is the header. Each row has as many cells as `align`. */
      readonly rows: readonly (readonly (readonly Inline[])[])[];
    }
  | { readonly kind: "rule" };

/** What stands at one bullet. `tight`: its paragraphs stand close, as nothing in the list is set apart by a blank line. */
export interface Item {
  readonly tight: boolean;
  readonly content: readonly Block[];
}

export type Alignment = "left" | "center" | "right" | undefined;

/** Where a link leads, as a person has to see it. */
export interface Target {
  readonly href: string;
  /** Host of a web address, or the address of a mail. */
  readonly place: string;
}
