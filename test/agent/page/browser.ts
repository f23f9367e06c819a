import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { madeUpDate, token } from "./made-up-agent.ts";

/** Debian's Chromium, without a window. */
export function launchBrowser(): Promise<Browser> {
  const executablePath = (process.env.PATH ?? "")
    .split(delimiter)
    .map((folder) => join(folder, "chromium"))
    .find(isProgram);
  // Its pages are ours alone, and as root it has no sandbox of its own.
  return chromium.launch({ executablePath: executablePath ?? "/usr/bin/chromium", chromiumSandbox: false });
}

export interface Opened {
  readonly page: Page;
  /** What the browser complained of: errors, what the page's policy refused. */
  readonly complaints: readonly string[];
  /** What was asked for elsewhere. */
  readonly strangers: readonly string[];
}

/**
 * A page of a stack that is made up, at the moment that it is there, in Berlin.
 *
 * @param detail with the token
 * @param until what is waited for, where there is JavaScript
 */
export async function openInBrowser(
  browser: Browser,
  url: string,
  { detail = false, until = "#live.on", ...options }: BrowserContextOptions & { detail?: boolean; until?: string } = {},
): Promise<Opened> {
  const context = await browser.newContext({
    ...{ viewport: { width: 1280, height: 900 }, timezoneId: "Europe/Berlin", locale: "en-GB", ...options },
  });
  const page = await context.newPage();
  const complaints: string[] = [];
  const strangers: string[] = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  page.on("request", (request) => !request.url().startsWith(url) && strangers.push(request.url()));
  await page.clock.setFixedTime(madeUpDate);
  if (detail) {
    await page.addInitScript(`sessionStorage.setItem("stack-agent-token", ${JSON.stringify(token)})`);
  }
  await page.goto(url);
  if (options.javaScriptEnabled !== false) await page.waitForSelector(until);
  return { page, complaints, strangers };
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
