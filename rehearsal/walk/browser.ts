import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import type { Stage } from "../stage.ts";
import type { Artefacts } from "./artefacts.ts";
import { chromiumFlags, chromiumProgram, flagsToEdge } from "./chromium.ts";
import { WalkError } from "./expect.ts";
import { type BrowserNetwork, openBrowserNetwork } from "./network/index.ts";

/** People at a real Chromium, each with a profile of their own. */
export interface WalkBrowser {
  /** The page of this person, the same one at each call; a new profile at the first. */
  pageOf(person: string): Promise<Page>;
  /** Keeps a picture of what a page shows now. */
  picture(page: Page, name: string): Promise<void>;
  /**
   * Does a piece of the walk. When it fails, pictures of all pages are kept, and what they asked for and said.
   *
   * @throws WalkError with what failed, where the pictures are, and without the secrets
   */
  attempt(name: string, work: () => Promise<void>): Promise<void>;
  close(): Promise<void>;
}

export interface WalkBrowserOptions {
  /** The gateway's name; the team's is known. */
  readonly hostname: string;
  readonly artefacts: Artefacts;
  /** What no text that is kept or thrown may hold. */
  readonly secrets: readonly string[];
}

/** How long a page may take for one thing, in ms: a first answer takes 10 s, on a busy machine or a Pi far longer. */
const patienceMs = 120_000;

/** Starts Chromium, led to the rehearsed edge and to nowhere else. */
export async function openBrowser(stage: Stage, options: WalkBrowserOptions): Promise<WalkBrowser> {
  const { artefacts, hostname } = options;
  const { edgeAddress, teamDomain } = stage.cloudflare;
  const toEdge = await flagsToEdge({
    hostnames: [hostname, teamDomain],
    edgeAddress,
    caCertificate: stage.ca.certificate,
  });
  const network = await openBrowserNetwork(edgeAddress);
  const browser = await launch([...chromiumFlags, ...toEdge], network).catch(async (error: unknown) => {
    await network.close();
    throw error;
  });
  const pages = new Map<string, Promise<Page>>();
  const heard: string[] = [];
  const plain = (text: string) => withoutSecrets(text, options.secrets);
  return {
    pageOf(person) {
      const page = pages.get(person) ?? newPage(browser, (line) => heard.push(`${person}: ${plain(line)}`));
      pages.set(person, page);
      return page;
    },
    async picture(page, name) {
      await page.screenshot({ path: artefacts.next(name) });
    },
    async attempt(name, work) {
      try {
        await work();
      } catch (error) {
        const label = name.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-");
        await keepWhatIsSeen(browser.contexts(), artefacts, `failed-${label}`);
        await writeFile(join(artefacts.folder, `failed-${label}.log`), `${heard.join("\n")}\n`);
        const words = plain(error instanceof Error ? error.message : String(error));
        throw new WalkError(`${words}\nWhat the browser showed and asked for is in ${artefacts.folder}`);
      }
    },
    async close() {
      await browser.close();
      await network.close();
    },
  };
}

/** The text without these secrets, without sessions (Playwright tells the headers of its requests) and colours. */
function withoutSecrets(text: string, secrets: readonly string[]): string {
  const named = secrets.reduce((shorter, secret) => shorter.replaceAll(secret, "(secret)"), text);
  return stripVTControlCharacters(named).replaceAll(/eyJ[\w-]+\.[\w-]+\.[\w-]+/g, "(session)");
}

const launch = (args: string[], network: BrowserNetwork): Promise<Browser> =>
  chromium.launch({
    executablePath: network.executablePath,
    env: { ...process.env, ...network.environment(chromiumProgram()) },
    args,
    // The owner of the rehearsal takes the browser down at a signal, with all the rest.
    handleSIGINT: false,
    handleSIGTERM: false,
    handleSIGHUP: false,
  });

async function newPage(browser: Browser, hear: (line: string) => void): Promise<Page> {
  const context = await browser.newContext();
  context.setDefaultTimeout(patienceMs);
  context.on("console", (message) => hear(`console ${message.type()}: ${message.text()}`));
  context.on("weberror", (error) => hear(`error: ${error.error().message}`));
  context.on("response", (answer) =>
    hear(`${answer.status()} ${answer.request().method()} ${address(answer.url())}`),
  );
  context.on("requestfailed", (request) =>
    hear(`failed ${request.method()} ${address(request.url())}: ${request.failure()?.errorText}`),
  );
  return againWhereTheNetworkChanged(await context.newPage());
}

/**
 * Within its first seconds Chromium may take its network for a changed one, and breaks off what it loads: seen about once
 * in thirty on a busy machine. The one change there was (network/inside.ts) is gone; should there be another, a person
 * would load the page again.
 */
function againWhereTheNetworkChanged(page: Page): Page {
  const goto = page.goto.bind(page);
  page.goto = (...where) =>
    goto(...where).catch((error: Error) => {
      if (error.message.includes("ERR_NETWORK_CHANGED")) return goto(...where);
      throw error;
    });
  return page;
}

/** Without query and fragment, which hold tickets and tokens. */
const address = (url: string): string => url.split(/[?#]/)[0] as string;

async function keepWhatIsSeen(
  contexts: readonly BrowserContext[],
  { folder }: Artefacts,
  name: string,
): Promise<void> {
  for (const [index, page] of contexts.flatMap((context) => context.pages()).entries()) {
    const path = join(folder, `${name}-${index + 1}.png`);
    const shoot = () => page.screenshot({ path, timeout: 5_000 });
    // A page that was just left gives no picture until the next one, such as Chromium's own of an error, is there. One
    // that hangs or has crashed gives none at all; the failure itself is told all the same.
    await shoot()
      .catch(() => page.waitForLoadState("load", { timeout: 5_000 }).then(shoot))
      .catch(shoot)
      .catch(() => {});
  }
}
