import { once } from "node:events";
import { createServer } from "node:http";
import { connect } from "node:net";
import t, { type Test as TapTest } from "tap";
import { liveClients } from "../../../agent/page/live-clients.ts";
import type { RenderedPage } from "../../../agent/page/rendered-page.ts";
import { waitFor } from "../../../lib/wait.ts";
import { followEvents } from "./follow-events.ts";
import { type MadeUpOptions, madeUpAgent, token } from "./made-up-agent.ts";

const failing = { redis: { status: "fail", code: "cluster-down", message: "nobody serves slot 7" } } as const;

async function agent(t: TapTest, options: Partial<MadeUpOptions> = {}) {
  const made = await madeUpAgent({ folder: t.testdir(), ...options });
  t.teardown(() => made.close());
  return made;
}

t.test("first everything is told, then what changes and nothing else", async (t) => {
  const here = await agent(t);
  const told = await followEvents(t, here.url);
  t.equal(told.status, 200);
  const first = await told.event(1);
  t.match(first, { name: "whole", data: { title: "All is well – stock-analysis", status: "healthy" } });
  t.match(first.data.main, /id="component-redis"/);
  await told.beats(2);
  t.equal(told.events().length, 1, "where nothing changes there are signs of life alone");
  here.trouble(failing);
  const second = await told.event(2);
  t.match(second, { name: "pieces", data: { title: "redis fails – stock-analysis", status: "failed" } });
  t.same(second.data.pieces?.map((html) => /id="([^"]+)"/.exec(html)?.[1]).sort(), [
    "attention",
    "component-redis",
    "summary",
  ]);
  here.provisioning({ state: "failed" });
  t.equal((await told.event(3)).name, "pieces");
  here.setJobs([]);
  t.equal((await told.event(4)).name, "whole", "where a part of the page goes or comes it is told whole");
});

t.test("the page is made once for all who see the same", async (t) => {
  let made = 0;
  const page = (): RenderedPage => {
    made += 1;
    const html = `<p id="a">${made}</p>`;
    return { title: "", status: "healthy", pieces: new Map([["a", html]]), main: { html } };
  };
  const live = liveClients({ render: page, interval: 30 });
  const server = createServer((_, response) => live.join(response, false, async () => true)).listen(0, "127.0.0.1");
  t.teardown(() => server.close().closeAllConnections());
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  const all = await Promise.all(Array.from({ length: 8 }, () => followEvents(t, `http://127.0.0.1:${port}`)));
  await Promise.all(all.map((one) => one.event(4)));
  const last = made;
  const tellings = all.map((one) =>
    one
      .events()
      .slice(1)
      .map(({ data }) => data.pieces?.[0]),
  );
  for (const telling of tellings) t.ok(telling.length <= last);
  t.ok(last < 8 * 3, `${last} times for eight browsers that were told three times and more`);
  for (const one of all) one.close();
  await waitFor(async () => live.count() === 0, { what: "the last to leave", timeout: 20_000, interval: 10 });
  const after = made;
  await new Promise((resolve) => setTimeout(resolve, 200));
  t.equal(made, after, "and for nobody it is not made at all");
});

t.test(
  "while there is no news the page is made at one look of three, and what is new is told at the next",
  async (t) => {
    let made = 0;
    let asked = 0;
    let news = "well";
    const render = (): RenderedPage => {
      made += 1;
      const html = `<p id="a">${news} ${made}</p>`;
      return { title: "", status: "healthy", pieces: new Map([["a", html]]), main: { html } };
    };
    const live = liveClients({
      render,
      interval: 15,
      news: () => {
        asked += 1;
        return [news];
      },
    });
    const server = createServer((_, response) => live.join(response, false, async () => true)).listen(0, "127.0.0.1");
    t.teardown(() => server.close().closeAllConnections());
    await once(server, "listening");
    const follower = await followEvents(t, `http://127.0.0.1:${(server.address() as { port: number }).port}`);
    await follower.event(6);
    t.ok(asked >= 3 * (made - 3), `${made} pages at ${asked} looks`);
    for (const turn of [1, 2, 3, 4]) {
      news = `news ${turn}`;
      const [before, looks] = [made, asked];
      await waitFor(async () => asked > looks, { what: "the next look", timeout: 20_000, interval: 1 });
      t.ok(made > before, news);
    }
  },
);

t.test("detail is told to who shows the token, for as long as it is the token", async (t) => {
  const here = await agent(t, { troubles: failing });
  const bare = await followEvents(t, here.url);
  await bare.event(1);
  t.notMatch(bare.text(), /slot 7|6379|1\.0\.0|15\.14|727 MiB|3\.10\.8/);
  const full = await followEvents(t, here.url, `Bearer ${token}`);
  const { data } = await full.event(1);
  for (const detail of [/slot 7/, /6379/, /1\.0\.0/, /15\.14/, /727 MiB/, /3\.10\.8/]) t.match(data.main, detail);
  t.equal((await followEvents(t, here.url, "Bearer wrong")).status, 401);
  here.setToken("another");
  // The server hears of it when somebody shows what it does not know.
  await waitFor(async () => (await fetch(here.url, { headers: { authorization: "Bearer another" } })).ok, {
    ...{ what: "the new token", timeout: 20_000, interval: 100 },
  });
  await full.closed();
  t.ok(bare.isOpen(), "who is told no detail is told on");
});

t.test("as many as there may be are told, and one more is asked to come again", async (t) => {
  const here = await agent(t);
  const all = await Promise.all(Array.from({ length: 24 }, () => followEvents(t, here.url)));
  t.same(new Set(all.map(({ status }) => status)), new Set([200]));
  const more = await followEvents(t, here.url);
  t.equal(more.status, 503);
  t.match(more.text(), /too-many-pages/);
  t.equal((await fetch(here.url)).status, 200, "it is given the page");
  all[0]?.close();
  await waitFor(async () => (await followEvents(t, here.url)).status === 200, {
    ...{ what: "a place", timeout: 20_000, interval: 50 },
  });
});

t.test("a browser that takes nothing is let go, and holds up nobody", async (t) => {
  let turn = 0;
  const render = (): RenderedPage => {
    turn += 1;
    const html = `<p id="a">${turn}${"x".repeat(512 * 1024)}</p>`;
    return { title: "", status: "healthy", pieces: new Map([["a", html]]), main: { html } };
  };
  const live = liveClients({ render, interval: 20 });
  const server = createServer((_, response) => live.join(response, false, async () => true)).listen(0, "127.0.0.1");
  t.teardown(() => server.close().closeAllConnections());
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  const socket = connect(port, "127.0.0.1", () => socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
  socket.on("error", () => {});
  socket.pause();
  t.teardown(() => socket.destroy());
  await waitFor(async () => turn > 0 && live.count() === 0, { what: "its end", timeout: 60_000, interval: 20 });
  t.pass("it is gone");
});

t.test("a page that can't be made harms nobody but who waits for it", async (t) => {
  let broken = false;
  const render = (): RenderedPage => {
    if (broken) throw new Error("no");
    return { title: "", status: "healthy", pieces: new Map(), main: { html: "" } };
  };
  const live = liveClients({ render, interval: 20 });
  const server = createServer((_, response) => live.join(response, false, async () => true)).listen(0, "127.0.0.1");
  t.teardown(() => server.close().closeAllConnections());
  await once(server, "listening");
  const told = await followEvents(t, `http://127.0.0.1:${(server.address() as { port: number }).port}`);
  broken = true;
  await told.closed();
  t.equal(live.count(), 0);
});

t.test("stopping waits for no browser", async (t) => {
  const here = await madeUpAgent({ folder: t.testdir() });
  const all = await Promise.all(Array.from({ length: 5 }, () => followEvents(t, here.url)));
  await here.close();
  for (const one of all) await one.closed();
  await t.rejects(fetch(here.url));
});
