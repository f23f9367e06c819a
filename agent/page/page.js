// @ts-check
/*
 * Keeps the page as things are: the agent tells what changed by server-sent events, and of what is shown
 * just that is changed. Without this script the page is loaded anew every few seconds.
 */

/** Milliseconds until the next try to be told, and after which silence counts as a lost connection. */
const retry = { first: 1_000, most: 20_000 };
const silence = 40_000;
const tokenKey = "stack-agent-token";

/** @param {string} id */
const byId = (id) => /** @type {HTMLElement} */ (document.getElementById(id));
const live = byId("live");
const showToken = /** @type {HTMLButtonElement} */ (byId("show-token"));
const dialog = /** @type {HTMLDialogElement} */ (byId("token-dialog"));
const field = /** @type {HTMLInputElement} */ (byId("token"));
const refusal = byId("token-error");
const main = byId("main");

let token = sessionStorage.getItem(tokenKey) ?? "";

// ---- What changed is put into the page, and nothing else is touched.

/**
 * @param {string} html
 * @returns {DocumentFragment}
 */
function parsed(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content;
}

/**
 * @param {Node} old
 * @param {Node} fresh
 */
function become(old, fresh) {
  if (old.nodeType !== fresh.nodeType || old.nodeName !== fresh.nodeName) {
    old.parentNode?.replaceChild(fresh, old);
    return;
  }
  if (!(old instanceof Element && fresh instanceof Element)) {
    if (old.nodeValue !== fresh.nodeValue) old.nodeValue = fresh.nodeValue;
    return;
  }
  // Its text is told by this script.
  const isTold = old.localName === "time" && old.getAttribute("datetime") === fresh.getAttribute("datetime");
  for (const { name } of [...old.attributes]) {
    if (!fresh.hasAttribute(name) && !isOwn(old, name)) old.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (old.getAttribute(name) !== value && !isOwn(old, name)) old.setAttribute(name, value);
  }
  if (!isTold) becomeWithin(old, fresh);
}

/**
 * What this script has set, whatever the agent says.
 *
 * @param {Element} element
 * @param {string} attribute
 */
function isOwn(element, attribute) {
  return attribute === "hidden" && element.classList.contains("copy");
}

/**
 * @param {Node} old
 * @param {Node} fresh
 */
function becomeWithin(old, fresh) {
  const news = [...fresh.childNodes];
  for (const [index, next] of news.entries()) {
    const now = old.childNodes[index];
    const known = next instanceof Element && next.id !== "" ? document.getElementById(next.id) : null;
    // An element that has only moved keeps its focus and what is selected in it, as far as the browser lets it.
    if (known !== null && known !== now && known.parentNode === old) {
      old.insertBefore(known, now ?? null);
      become(known, next);
    } else if (now === undefined) old.appendChild(next);
    else if (next instanceof Element && now instanceof Element && next.id !== now.id) old.insertBefore(next, now);
    else become(now, next);
  }
  while (old.childNodes.length > news.length) old.lastChild?.remove();
}

/** @param {{ title: string, status: string, main?: string, pieces?: string[] }} told */
function show({ title, status, main: whole, pieces = [] }) {
  if (document.title !== title) document.title = title;
  const icon = document.querySelector("link[rel=icon]");
  const wanted = `/page/${status}.svg`;
  if (icon !== null && icon.getAttribute("href") !== wanted) icon.setAttribute("href", wanted);
  if (whole !== undefined) becomeWithin(main, parsed(whole));
  for (const html of pieces) {
    const fresh = parsed(html).firstElementChild;
    const old = fresh === null ? null : document.getElementById(fresh.id);
    if (old !== null && fresh !== null) become(old, fresh);
  }
  tell();
  offerCopies();
}

// ---- Moments, in the reader's own time and words.

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const clockOfDay = new Intl.DateTimeFormat(undefined, { weekday: "short", hour: "2-digit", minute: "2-digit" });
const clockOfDate = new Intl.DateTimeFormat(undefined, {
  ...{ day: "numeric", month: "short" },
  ...{ hour: "2-digit", minute: "2-digit" },
});
const exactly = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "long" });
const hour = 3_600_000;

/** @param {number} milliseconds */
function lasting(milliseconds) {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  const days = Math.floor(hours / 24);
  if (days >= 7) return `${days} days`;
  return hours % 24 === 0 ? `${days} d` : `${days} d ${hours % 24} h`;
}

/** @type {Record<string, (date: Date, now: number) => string>} */
const telling = {
  for: (date, now) => `for ${lasting(now - date.getTime())}`,
  ago: (date, now) => (now - date.getTime() < 5_000 ? "just now" : `${lasting(now - date.getTime())} ago`),
  in: (date, now) => (date.getTime() <= now ? "now" : `in ${lasting(date.getTime() - now)}`),
  at: (date, now) => {
    const away = Math.abs(date.getTime() - now);
    const sameDay = date.toDateString() === new Date(now).toDateString();
    if (sameDay) return clock.format(date);
    return (away < 6 * 24 * hour ? clockOfDay : clockOfDate).format(date);
  },
};

function tell() {
  const now = Date.now();
  for (const element of document.querySelectorAll("time[data-tell]")) {
    const date = new Date(element.getAttribute("datetime") ?? "");
    const text = telling[element.getAttribute("data-tell") ?? ""]?.(date, now);
    if (text === undefined || element.textContent === text) continue;
    element.textContent = text;
    element.setAttribute("title", exactly.format(date));
  }
}

// ---- Commands, to be copied.

function offerCopies() {
  for (const button of document.querySelectorAll("button.copy[hidden]")) button.removeAttribute("hidden");
}

document.addEventListener("click", async ({ target }) => {
  const button = target instanceof Element ? target.closest("button.copy") : null;
  const code = button?.parentElement?.querySelector("code");
  if (!button || !code) return;
  const copied = await copy(code);
  button.textContent = copied ? "Copied" : "Selected";
  setTimeout(() => {
    button.textContent = "Copy";
  }, 2_000);
});

/**
 * Browsers lend their clipboard to pages that came encrypted only; elsewhere the older way is left.
 *
 * @param {Element} code
 */
async function copy(code) {
  try {
    await navigator.clipboard.writeText(code.textContent ?? "");
    return true;
  } catch {
    getSelection()?.selectAllChildren(code);
    return document.execCommand("copy");
  }
}

// ---- Plots: what they were at a moment that is pointed at.

document.addEventListener("pointermove", ({ target, clientX }) => {
  const canvas = target instanceof Element ? target.closest(".canvas") : null;
  for (const other of document.querySelectorAll(".readout, .cursor")) {
    if (canvas === null || !canvas.contains(other)) other.remove();
  }
  const svg = canvas?.querySelector("svg");
  if (!canvas || !svg) return;
  const box = svg.getBoundingClientRect();
  const [, , width = 1, height = 1] = (svg.getAttribute("viewBox") ?? "").split(" ").map(Number);
  const x = Math.round((Math.min(Math.max(clientX - box.left, 0), box.width) / box.width) * width);
  const moment = new Date(Date.now() - (width - x) * Number(svg.dataset.step));
  const lines = [...svg.querySelectorAll("path.line")].map((line) => {
    const y = heightAt(line.getAttribute("d") ?? "", x);
    const value = y === undefined ? "–" : written((1 - y / height) * Number(svg.dataset.top), svg.dataset.unit ?? "");
    return `${line.getAttribute("data-label")} ${value}`;
  });
  const readout = canvas.querySelector(".readout") ?? canvas.appendChild(document.createElement("div"));
  readout.className = "readout";
  readout.setAttribute("aria-hidden", "true");
  readout.textContent = [clock.format(moment), ...lines].join("\n");
  const left = Math.min(clientX - box.left, box.width - readout.getBoundingClientRect().width);
  /** @type {HTMLElement} */ (readout).style.left = `${Math.max(0, left)}px`;
  const cursor = svg.querySelector(".cursor") ?? svg.appendChild(document.createElementNS(svg.namespaceURI, "path"));
  cursor.setAttribute("class", "cursor");
  cursor.setAttribute("d", `M${x} 0V${height}`);
});

/**
 * Where a line of the form "M0 10L4 12…" is at x; undefined in a gap.
 *
 * @param {string} d
 * @param {number} x
 */
function heightAt(d, x) {
  for (const stretch of d.split("M").slice(1)) {
    const points = stretch.split("L").map((point) => point.split(/[ h]/).map(Number));
    for (const [index, [x1 = 0, y1 = 0]] of points.entries()) {
      if (x1 === x) return y1;
      const [x2 = -1, y2 = 0] = points[index + 1] ?? [];
      if (x1 < x && x < x2) return y1 + ((y2 - y1) * (x - x1)) / (x2 - x1);
    }
  }
  return undefined;
}

/**
 * @param {number} value
 * @param {string} unit
 */
function written(value, unit) {
  if (unit === "percent") return `${Math.round(value)} %`;
  const short = value < 10 ? Math.round(value * 10) / 10 : Math.round(value);
  return `${short.toLocaleString()}${{ "per-second": "/s", milliseconds: " ms" }[unit] ?? ""}`;
}

// ---- The token, which the agent's details are for. It is kept until the tab is closed.

showToken.addEventListener("click", () => {
  if (token !== "") return useToken("");
  refusal.hidden = true;
  field.value = "";
  dialog.showModal();
});

byId("token-cancel").addEventListener("click", () => dialog.close());

dialog.querySelector("form")?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const shown = field.value.trim();
  const answer = await fetch("/livez", { headers: headers(shown) }).catch(() => undefined);
  if (answer?.ok) {
    dialog.close();
    return useToken(shown);
  }
  refusal.textContent = answer?.status === 401 ? "This is not the agent’s token." : "The agent does not answer.";
  refusal.hidden = false;
});

/** @param {string} given */
function useToken(given) {
  token = given;
  if (given === "") sessionStorage.removeItem(tokenKey);
  else sessionStorage.setItem(tokenKey, given);
  nameButton();
  follow();
}

function nameButton() {
  showToken.textContent = token === "" ? "Details …" : "Hide details";
}

/**
 * @param {string} shown
 * @returns {Record<string, string>}
 */
function headers(shown) {
  return shown === "" ? {} : { authorization: `Bearer ${shown}` };
}

// ---- The agent's word. EventSource can't show a token, so the events are read by hand.

/** @type {AbortController | undefined} */
let following;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let waiting;
let delay = retry.first;

/**
 * @param {string} text
 * @param {"on" | "off" | ""} state
 */
function say(text, state) {
  live.hidden = false;
  live.className = state;
  if (live.textContent !== text) live.textContent = text;
}

async function follow() {
  clearTimeout(waiting);
  following?.abort();
  if (document.hidden) return;
  const controller = new AbortController();
  following = controller;
  let timer = setTimeout(() => controller.abort(), silence);
  const heard = () => {
    clearTimeout(timer);
    timer = setTimeout(() => controller.abort(), silence);
  };
  try {
    const answer = await fetch("/page/events", { headers: headers(token), signal: controller.signal });
    if (answer.status === 401) {
      // Another token is the agent's now.
      clearTimeout(timer);
      return useToken("");
    }
    if (answer.status === 503) {
      await loadOnce(controller.signal);
      say("every 20 s", "");
    } else if (answer.ok && answer.body !== null) {
      say("live", "on");
      delay = retry.first;
      await read(answer.body, heard);
      say("connecting again …", "off");
    } else say("no answer", "off");
  } catch {
    if (following === controller) say(navigator.onLine ? "no answer from the agent" : "offline", "off");
  }
  clearTimeout(timer);
  if (following !== controller) return;
  waiting = setTimeout(follow, live.className === "" ? retry.most : delay);
  delay = Math.min(delay * 2, retry.most);
}

/**
 * @param {ReadableStream<Uint8Array>} body
 * @param {() => void} heard
 */
async function read(body, heard) {
  const decoder = new TextDecoder();
  const reader = body.getReader();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    heard();
    const events = (text + decoder.decode(value, { stream: true })).split("\n\n");
    text = events.pop() ?? "";
    for (const event of events) {
      const data = /^data: (.*)$/m.exec(event)?.[1];
      if (data !== undefined) show(JSON.parse(data));
    }
  }
}

/**
 * Where the agent tells as many as it does: the page once more, whole.
 *
 * @param {AbortSignal} signal
 */
async function loadOnce(signal) {
  const answer = await fetch("/", { headers: headers(token), signal });
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  const status = /\/page\/(\w+)\.svg/.exec(fresh.querySelector("link[rel=icon]")?.getAttribute("href") ?? "")?.[1];
  show({ title: fresh.title, status: status ?? "working", main: fresh.getElementById("main")?.innerHTML ?? "" });
}

// A page that nobody looks at costs nothing.
document.addEventListener("visibilitychange", () => {
  delay = retry.first;
  if (document.hidden) following?.abort();
  else follow();
});
addEventListener("online", () => follow());

showToken.hidden = false;
nameButton();
tell();
offerCopies();
setInterval(tell, 1_000);
follow();
