/** The page as a person has it: in Debian's Chromium, over a stack that is made up. */

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Page } from "playwright-core";
import t, { type Test as TapTest } from "tap";
import { launchBrowser, openInBrowser } from "./browser.ts";
import { followEvents } from "./follow-events.ts";
import { type MadeUpOptions, madeUpAgent, provisioned, token } from "./made-up-agent.ts";

const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const browser = await launchBrowser();
t.teardown(() => browser.close());

const troubles = {
  redis: { status: "fail", code: "cluster-down", message: "slots 0-5460 are not served <b>now</b>" },
  updates: { status: "warn", code: "security-updates", message: "3 security updates are pending" },
} as const;

const settingUp = {
  state: "running" as const,
  stages: provisioned.stages.map((stage, index) => (index < 4 ? stage : { ...stage, status: "running" as const })),
};

async function open(t: TapTest, made: Partial<MadeUpOptions> = {}, options: Parameters<typeof openInBrowser>[2] = {}) {
  const agent = await madeUpAgent({ folder: t.testdir(), ...made });
  t.teardown(() => agent.close());
  const opened = await openInBrowser(browser, agent.url, options);
  t.teardown(() => opened.page.context().close());
  return { agent, ...opened };
}

const text = async (page: Page, selector: string) => (await page.locator(selector).textContent()) ?? "";
const says = (page: Page, selector: string, hasText: string | RegExp) => page.locator(selector, { hasText }).waitFor();

t.test("what a person wants first is there: the state, since when, what helps, and the last hour", async (t) => {
  const { page, complaints, strangers } = await open(t, { troubles }, { detail: true });
  t.equal(await page.title(), "redis fails – stock-analysis");
  t.equal(await text(page, ".headline"), "redis fails");
  t.match(await text(page, ".summary"), /failed for 4 min/);
  const items = await page.locator("#attention .item").allInnerTexts();
  t.match(items, [/^redis[\s\S]*cluster-down[\s\S]*for 4 min[\s\S]*0-5460 are not served <b>now<\/b>/, /^updates/]);
  t.match(items[0], "stack-agent logs -n 50 redis");
  for (const id of ["events", "queues", "memory", "latency"]) {
    const d = await page.locator(`#plot-${id} path.line`).first().getAttribute("d");
    t.ok((d ?? "").split("L").length > 3, `${id} is drawn`);
    t.match(await page.locator(`#plot-${id} svg`).getAttribute("aria-label"), /in the last hour: .*at most/);
  }
  t.match(await text(page, "#plot-events"), /35\/s/);
  t.match(await text(page, "#jobs"), /save-redis[\s\S]*5 min ago[\s\S]*14:10/, "in the reader's own time");
  t.match(await text(page, "#stages"), /RabbitMQ\s*done\s*3\.7 s/);
  t.match(await page.locator("#stages svg.span").nth(4).getAttribute("aria-label"), "from 0.4 to 4.1 s");
  t.match(await text(page, "#backups"), /9 h 24 min ago/);
  t.match(await text(page, "#facts"), /rabbitmq 3\.10\.8 is older[\s\S]*15\.14-0\+deb12u1[\s\S]*3 × 727 MiB/);
  t.match(await text(page, "#component-redis"), /6379 6380 6381/);
  t.same(complaints, []);
  t.same(strangers, [], "nothing is from elsewhere");
});

t.test("it is kept as things are without being loaded anew, and what is the same is not touched", async (t) => {
  const { agent, page, complaints } = await open(t);
  await page.evaluate(() => {
    const of = globalThis as unknown as { document: { getElementById(id: string): { dataset: object } } };
    Object.assign(of.document.getElementById("component-postgres").dataset, { mark: "mine" });
  });
  await page.evaluate(`
    globalThis.touched = new Set();
    new MutationObserver((all) => {
      for (const { target } of all) {
        const element = target.nodeType === 1 ? target : target.parentElement;
        // What was taken out is told of by where it was.
        if (element?.isConnected) touched.add(element.closest("[id]").id);
      }
    }).observe(document.getElementById("main"), { subtree: true, childList: true, attributes: true, characterData: true });
    getSelection().selectAllChildren(document.querySelector("#plot-memory figcaption"));
  `);
  agent.trouble(troubles);
  await page.waitForSelector("#attention .item");
  t.equal(await page.title(), "redis fails – stock-analysis");
  t.match(await page.locator("link[rel=icon]").getAttribute("href"), "failed");
  t.match(await text(page, "#component-redis"), /fail\s+cluster-down/);
  const touched = (await page.evaluate("[...touched]")) as string[];
  t.same(touched.sort(), ["attention", "component-redis", "component-updates", "summary"]);
  t.match(await page.evaluate("getSelection().toString()"), /Memory in use/, "what is selected stays so");
  agent.trouble({});
  await says(page, ".headline", "All is well");
  t.equal(await page.locator("#attention .item").count(), 0);
  agent.provisioning(settingUp);
  await says(page, ".headline", "Setting up");
  const order = await page.locator("main > *").evaluateAll((all) => all.map((one) => one.id));
  t.ok(order.indexOf("stages") < 3, "while it is set up, that is told first");
  t.equal(await page.locator("#component-postgres").getAttribute("data-mark"), null, "told whole it is as it is sent");
  t.same(complaints, []);
});

t.test("time goes by without a word from the agent", async (t) => {
  const { page } = await open(t, { troubles });
  const later = new Date("2026-11-30T14:20:20.000Z");
  await page.clock.setFixedTime(later);
  await says(page, ".summary time", "for 1 h 19 min");
  t.match(await page.locator(".summary time").getAttribute("title"), /30 November 2026/);
});

t.test("without JavaScript it can be read, and loads itself anew", async (t) => {
  const { page, complaints } = await open(t, { troubles }, { javaScriptEnabled: false });
  t.equal(await text(page, ".headline"), "redis fails");
  t.match(await text(page, "#attention"), /since 30 Nov 13:01 UTC/);
  t.match(await text(page, "#jobs"), /30 Nov 13:10 UTC/);
  t.notOk(await page.locator("button").first().isVisible(), "what a script is needed for is not shown");
  t.notOk(await page.locator("button.copy").first().isVisible());
  t.match(await page.content(), /<meta http-equiv="refresh" content="5">/);
  t.same(complaints, []);
});

t.test("the token is asked for, kept in the tab alone, and let go", async (t) => {
  const { agent, page } = await open(t, { troubles });
  t.notMatch(await page.content(), /0-5460|6379|1\.0\.0|15\.14|727 MiB/);
  await page.getByRole("button", { name: "Details" }).click();
  await page.getByLabel("Token").fill("not this one");
  await page.keyboard.press("Enter");
  await page.waitForSelector("#token-error:visible");
  t.match(await text(page, "#token-error"), /not the agent’s token/);
  await page.getByLabel("Token").fill(token);
  await page.getByRole("button", { name: "Show details" }).click();
  await page.waitForSelector("#attention .message");
  t.match(await text(page, "#facts"), /15\.14/);
  await page.reload();
  await page.waitForSelector("#attention .message");
  t.notMatch(page.url(), token);
  t.same(await page.context().cookies(), []);
  t.equal(await page.evaluate("localStorage.length"), 0);
  await page.getByRole("button", { name: "Hide details" }).click();
  await page.waitForSelector("#attention .message", { state: "detached" });
  t.notMatch(await page.content(), /0-5460|15\.14/);
  await page.evaluate(`sessionStorage.setItem("stack-agent-token", "of before")`);
  await page.reload();
  await page.waitForSelector("#live.on");
  t.equal(await page.evaluate(`sessionStorage.getItem("stack-agent-token")`), null, "one that is refused is let go");
  agent.setToken(token);
});

t.test("by keyboard: past what is above, to each command, its button and the token", async (t) => {
  const { page } = await open(t, { troubles });
  const focused = (): Promise<string> =>
    page.evaluate(
      "(document.activeElement.className || document.activeElement.id || document.activeElement.localName)",
    );
  const met: string[] = [];
  for (let press = 0; press < 7; press += 1) {
    await page.keyboard.press("Tab");
    met.push(await focused());
  }
  t.same(met.slice(0, 6), ["skip", "show-token", "code", "copy", "code", "copy"]);
  await page.locator(".copy").first().focus();
  await page.keyboard.press("Enter");
  await says(page, ".copy", /Copied|Selected/);
  await page.getByRole("button", { name: "Details" }).focus();
  await page.keyboard.press("Enter");
  t.equal(await focused(), "token");
  await page.keyboard.press("Escape");
  t.notOk(await page.locator("dialog").isVisible());
});

t.test(
  "axe finds nothing: light and dark, well, failing and at work, on a phone, with the token's dialog",
  async (t) => {
    const looks = [
      { colorScheme: "light", detail: true, made: {} },
      { colorScheme: "dark", detail: true, made: {} },
      { colorScheme: "light", detail: true, made: { troubles } },
      { colorScheme: "dark", detail: false, made: { troubles } },
      { colorScheme: "light", detail: true, made: { progress: settingUp, troubledFor: 1 } },
      { colorScheme: "dark", detail: true, made: { troubles }, viewport: { width: 390, height: 844 } },
      { colorScheme: "light", detail: false, made: {}, dialog: true },
      { colorScheme: "dark", detail: false, made: {}, dialog: true },
    ] as const;
    for (const { made, ...options } of looks) {
      const { page } = await open(t, made, "viewport" in options ? options : { ...options });
      if ("dialog" in options) await page.getByRole("button", { name: "Details" }).click();
      await page.evaluate(axeSource);
      const { violations, passes } = (await page.evaluate("axe.run()")) as AxeResults;
      t.ok(passes.length > 15, "it looked");
      t.same(
        violations.map(({ id, impact, nodes }) => `${impact} ${id}: ${nodes.map(({ target }) => target).join(", ")}`),
        [],
        JSON.stringify(options),
      );
      await page.context().close();
    }
  },
);

interface AxeResults {
  readonly violations: readonly { id: string; impact: string; nodes: readonly { target: readonly string[] }[] }[];
  readonly passes: readonly unknown[];
}

t.test("from a phone to a wide screen nothing is cut off sideways, fifty services or five", async (t) => {
  const names = Array.from({ length: 50 }, (_, index) => `service-with-a-long-name-${index + 1}`);
  for (const services of [undefined, names]) {
    const { page } = await open(t, services ? { services, troubles } : { troubles }, { detail: true });
    for (const width of [320, 390, 600, 800, 1024, 1600, 2560]) {
      await page.setViewportSize({ width, height: 900 });
      t.equal(await page.evaluate("document.documentElement.scrollWidth"), width, `${width} pixels`);
    }
  }
});

t.test("an agent that is gone is told of, and once it is back the page goes on", async (t) => {
  const { agent, page } = await open(t);
  await agent.close();
  await page.waitForSelector("#live.off");
  const again = await madeUpAgent({ folder: t.testdir(), port: agent.port, troubles });
  t.teardown(() => again.close());
  await page.waitForSelector("#live.on");
  t.equal(await text(page, ".headline"), "redis fails");
});

t.test("where as many are told as may be, the page is loaded whole, now and then", async (t) => {
  const agent = await madeUpAgent({ folder: t.testdir() });
  t.teardown(() => agent.close());
  await Promise.all(Array.from({ length: 24 }, () => followEvents(t, agent.url)));
  const { page } = await openInBrowser(browser, agent.url, { until: "#live:has-text('every 20 s')" });
  t.teardown(() => page.context().close());
  t.equal(await text(page, ".headline"), "All is well");
  agent.trouble(troubles);
  // As if it had been in the background.
  await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))");
  await says(page, ".headline", "redis fails");
});

t.test("of a plot the reader is told what it was where they point", async (t) => {
  const { page } = await open(t);
  await page.locator("#plot-memory .canvas svg").hover();
  t.match(await text(page, "#plot-memory .readout"), /^13:3\d\nmemory 4\d %$/);
  await page.mouse.move(1, 1);
  t.equal(await page.locator(".readout").count(), 0);
});
