// The program's entry, in plain JavaScript so that any Node can read it this far: index.ts needs a Node that runs
// TypeScript itself (https://nodejs.org/api/typescript.html, 22.18 or later).
const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 18)) {
  console.error(
    `openclaw-gateway needs Node 22.18 or later, and this is Node ${process.versions.node}.\n` +
      "The project brings its own: run `npm ci` once, then `npx pulumi up` instead of `pulumi up`.",
  );
  process.exit(1);
}
const { default: gateway } = await import("./index.ts");

export default gateway;
