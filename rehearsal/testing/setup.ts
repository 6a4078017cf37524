import { ensurePrograms } from "../host/requirements.ts";

/** What the tests use of this machine beyond what the rehearsal itself installs. */
export default async function setup(): Promise<void> {
  await ensurePrograms({ "ssh-agent": "openssh-client" });
  if (process.env.CHROMIUM === undefined) await ensurePrograms({ chromium: "chromium" });
}
