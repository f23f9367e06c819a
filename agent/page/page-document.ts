import { markup } from "./markup.ts";
import type { RenderedPage } from "./rendered-page.ts";

/** The page whole, as it is first sent: readable as it is, and by its script kept as things are. */
export function pageDocument({ title, status, main }: RenderedPage): string {
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<noscript><meta http-equiv="refresh" content="5"></noscript>
<title>${title}</title>
<link rel="icon" type="image/svg+xml" href="/page/${status}.svg">
<link rel="stylesheet" href="/page/page.css">
<script src="/page/page.js" defer></script>
</head>
<body>
<a class="skip" href="#main">Skip to the state</a>
<nav class="top" aria-label="This page">
<span id="live" hidden></span>
<button type="button" id="show-token" hidden>Details …</button>
</nav>
<main id="main" tabindex="-1">
${main}</main>
<footer><a href="/health">health</a> <a href="/readyz">readyz</a> <a href="/livez">livez</a> <a href="/metrics">metrics</a> <a href="/status">status</a></footer>
<dialog id="token-dialog" aria-labelledby="token-title">
<form method="dialog">
<h2 id="token-title">Details</h2>
<p>Messages, ports and versions are told to who shows the agent’s token. Root in the container reads it with <code>stack-agent secrets show health.token</code>.</p>
<p><label for="token">Token</label> <input id="token" type="password" autocomplete="off" spellcheck="false" required></p>
<p class="message" id="token-error" role="alert" hidden></p>
<p class="buttons"><button type="button" id="token-cancel">Cancel</button> <button type="submit" class="main">Show details</button></p>
</form>
</dialog>
</body>
</html>
`.html;
}
