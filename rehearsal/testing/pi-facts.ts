/** What pi/look.sh tells of a Pi that has all that is needed, as infra/pi-problems.ts reads it. */
export const goodFacts = (clockSeconds = Math.floor(Date.now() / 1000), openclawPort = 18_789) => ({
  user: "pi",
  machine: "aarch64",
  architecture: "arm64",
  systemd: "yes",
  clock: String(clockSeconds),
  groups: "pi adm sudo",
  room_usr: "9000 /",
  room_var: "9000 /",
  room_tmp: "200 /tmp",
  room_home: "400 /home",
  root: "yes",
  curl: "/usr/bin/curl",
  openclaw_entry: "/opt/openclaw/dist/index.js",
  openclaw_version: "2026.9.6",
  openclaw_config: "/home/pi/.openclaw/openclaw.json",
  openclaw_ready: "yes",
  openclaw_configured_port: String(openclawPort),
  openclaw_config_refusal: "",
  openclaw_users: "pi ",
  listener: "node (process 92)",
  listener_user: "pi",
  sudo: "",
});

/** The same as look.sh writes it. */
export const factLines = (facts: Readonly<Record<string, string>>): string =>
  Object.entries(facts)
    .map(([name, value]) => `${name}=${value}\n`)
    .join("");
