/** Files that the bundler turns into text (contract/bundle.ts). */
declare module "*.html" {
  const text: string;
  export default text;
}
declare module "*.css" {
  const text: string;
  export default text;
}
/** A browser module with all it imports, bundled, as text. */
declare module "*?script" {
  const text: string;
  export default text;
}
