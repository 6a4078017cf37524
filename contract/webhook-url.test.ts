import { expect, test } from "vitest";
import { webhookUrlProblem } from "./webhook-url.ts";

test.each([
  "http://hooks.example.com/",
  "https://127.0.0.1/",
  "https://2130706433/",
  "https://0x7f.1/",
  "https://192.168.1.20/hook",
  "https://[::1]/",
  "https://[fd00::1]/",
  "https://8.8.8.8/",
  "https://localhost/",
  "https://localhost./",
  "https://nas/",
  "https://nas.local/",
  "https://NAS.LAN/",
  "https://box.home.arpa/",
  "https://metadata.google.internal/",
  "https://user:pass@hooks.example.com/",
  "ftp://hooks.example.com/",
  "hooks.example.com",
])("%s is no place for a webhook", (url) => expect(webhookUrlProblem(url)).toBeDefined());

test.each([
  "https://hooks.example.com/a?b=c",
  "https://hooks.example.com:8443/",
  "https://local.example.com/",
])("%s is one", (url) => expect(webhookUrlProblem(url)).toBeUndefined());
