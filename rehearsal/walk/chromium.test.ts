import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { chromium } from "playwright-core";
import { describe, expect, it } from "vitest";
import { createCertificateAuthority } from "../ca.ts";
import { startTestCloudflare } from "../cloudflare/testing/account.ts";
import { chromiumFlags, chromiumProgram, flagsToEdge } from "./chromium.ts";

describe("the flags that lead a Chromium to the edge", () => {
  it("let it take the edge's certificates by name, and no other certificate for the same names", async () => {
    const { local, ca } = await startTestCloudflare(211);
    const impostor = await startImpostor(local.teamDomain);
    try {
      const flags = await flagsToEdge({
        hostnames: [local.teamDomain],
        edgeAddress: local.edgeAddress,
        caCertificate: ca.certificate,
      });
      await opens(flags, `https://${local.teamDomain}/cdn-cgi/access/certs`).then((status) =>
        expect(status).toBe(200),
      );
      const astray = flags.map((flag) => flag.replace(local.edgeAddress, `127.0.0.1:${impostor.port}`));
      await expect(opens(astray, `https://${local.teamDomain}/`)).rejects.toThrow(
        "ERR_CERT_AUTHORITY_INVALID",
      );
    } finally {
      impostor.close();
      await local.close();
    }
  });

  it("are not given for a name whose certificate the rehearsal's authority has not signed", async () => {
    const { local } = await startTestCloudflare(211);
    try {
      const { certificate } = await createCertificateAuthority();
      const options = {
        hostnames: [local.teamDomain],
        edgeAddress: local.edgeAddress,
        caCertificate: certificate,
      };
      await expect(flagsToEdge(options)).rejects.toThrow(/certificate/);
    } finally {
      await local.close();
    }
  });
});

/** The status with which a Chromium with these flags gets a page. */
async function opens(flags: readonly string[], url: string): Promise<number | undefined> {
  const browser = await chromium.launch({
    executablePath: chromiumProgram(),
    args: [...chromiumFlags, ...flags],
  });
  try {
    const page = await browser.newPage();
    return (await page.goto(url, { timeout: 20_000 }))?.status();
  } finally {
    await browser.close();
  }
}

/** Someone else with a certificate for this name, of an authority of their own. */
async function startImpostor(hostname: string): Promise<{ port: number; close(): void }> {
  const server = createServer(
    await (await createCertificateAuthority()).issue([hostname]),
    (_request, response) => response.end("hello"),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
