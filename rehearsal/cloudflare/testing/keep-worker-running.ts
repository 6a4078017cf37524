import { startTestCloudflare, uploadScript } from "./account.ts";

/** Run by itself: a local Cloudflare with one Worker that stays until the process is killed. Its arguments are slot and folder. */
const cloudflare = await startTestCloudflare(Number(process.argv[2]), { folder: process.argv[3] });
await uploadScript(cloudflare, "w", "export default { fetch: () => new Response('hello') };");
process.stdout.write("running\n");
