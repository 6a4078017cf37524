import { topLevelKeys } from "./config-reference.ts";

/**
 * Pulumi.yaml with the sentence of each key as the schema has it; the rest stays as it is.
 *
 * @throws Error when a key is declared in one of the two only
 */
export function withDescriptions(yaml: string): string {
  const keys = topLevelKeys();
  const declared = [...(yaml.split(/^config:$/m)[1] ?? "").matchAll(/^ {2}(\w+):$/gm)].map(
    ([, name]) => name,
  );
  const differing = [
    ...Object.keys(keys).filter((name) => !declared.includes(name)),
    ...declared.filter((name) => name !== undefined && !(name in keys)),
  ];
  if (differing.length > 0)
    throw new Error(`Pulumi.yaml and infra/config.ts do not have the same keys: ${differing.join(", ")}`);
  return Object.entries(keys).reduce((text, [name, { description, properties, items, required }]) => {
    const nested = Object.keys(properties ?? items?.properties ?? {});
    const mandatory = properties ? required : items?.required;
    const list = nested.map((key) => (mandatory?.includes(key) ? `${key} (required)` : key)).join(", ");
    const sentence = list ? `${description} Its keys: ${list}. See docs/config.md.` : description;
    const block = new RegExp(`(^ {2}${name}:\\n(?: {4}.*\\n)*? {4}description: ).*$`, "m");
    if (!block.test(text)) throw new Error(`Pulumi.yaml: the key ${name} has no description line`);
    return text.replace(block, (_all, before: string) => `${before}${JSON.stringify(sentence)}`);
  }, yaml);
}
