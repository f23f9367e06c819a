/** Makes the pictures in docs/page, of a stack that is made up, at a moment that is always the same. */
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { projectFolder } from "../../../lib/project-folder.ts";
import { run } from "../../../lib/run.ts";
import { bringTools } from "../../run/bring-tools.ts";
import { launchBrowser, openInBrowser } from "./browser.ts";
import { type MadeUpOptions, madeUpAgent } from "./made-up-agent.ts";

const troubles: MadeUpOptions["troubles"] = {
  redis: {
    status: "fail",
    code: "refused",
    message: "node 6380: connect ECONNREFUSED 127.0.0.1:6380; slots 5461-10922 are not served",
  },
  "intelligent-core": { status: "fail", code: "redis", message: "redis: connection refused" },
  updates: {
    status: "warn",
    code: "security-updates",
    message: "2 security updates are not installed: libssl3, openssl",
  },
};

const wide = { width: 1280, height: 1010 };
const phone = { width: 390, height: 844 };

const pictures = [
  { name: "wide-light", made: {}, colorScheme: "light", detail: true, viewport: wide },
  { name: "wide-dark", made: { troubles }, colorScheme: "dark", detail: true, viewport: wide },
  {
    name: "phone-light",
    made: { troubles },
    colorScheme: "light",
    detail: false,
    viewport: phone,
    deviceScaleFactor: 2,
  },
  { name: "phone-dark", made: {}, colorScheme: "dark", detail: false, viewport: phone, deviceScaleFactor: 2 },
] as const;

const target = join(projectFolder, "docs/page");
await bringTools("chromium", "pngquant");
await mkdir(target, { recursive: true });
const folder = await mkdtemp(join(tmpdir(), "page-"));
const browser = await launchBrowser();
try {
  for (const { name, made, ...options } of pictures) {
    const agent = await madeUpAgent({ folder, ...made });
    const { page } = await openInBrowser(browser, agent.url, options);
    const path = join(target, `${name}.png`);
    await page.screenshot({ path });
    await page.context().close();
    await agent.close();
    await run("pngquant", ["--force", "--strip", "--speed", "1", "--quality", "70-95", "--output", path, "--", path]);
    process.stdout.write(`${path}\n`);
  }
} finally {
  await browser.close();
  await rm(folder, { recursive: true });
}
