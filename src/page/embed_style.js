/*
 * embed_style: how the widget looks. Lengths are in em of the browser's own text size, which no style of
 * the page around changes: `all: initial` with !important in a shadow root wins over every rule outside.
 */

const embedPaper = { light: "#ffffff", dark: "#1c1f26" };
const embedAccent = "#3a5bd0";

const embedDark = `{
  --paper: ${embedPaper.dark}; --ink: #f2f4f7; --soft: #abb2bf; --line: #363b46; --edge: #7d8594;
  --tint: #262a33; --accent: var(--accent-dark); --shade: 0 0 0 / 55%; color-scheme: dark;
}`;

const embedStyle = `
:host { all: initial !important; display: contents !important; }
* { box-sizing: border-box; margin: 0; padding: 0; }
.card {
  --paper: ${embedPaper.light}; --ink: #1b1e25; --soft: #596070; --line: #e1e4ea; --edge: #868d9b;
  --tint: #f4f5f8; --accent: var(--accent-light); --shade: 20 26 40 / 18%; color-scheme: light;
  position: relative; container-type: inline-size; overflow-wrap: anywhere;
  font: .9375em/1.45 system-ui, -apple-system, "Segoe UI", Roboto, Arial, sans-serif;
  color: var(--ink); background: var(--paper); border: 1px solid var(--line); border-radius: 1.1em;
}
.card[data-theme="dark"] ${embedDark}
@media (prefers-color-scheme: dark) { .card[data-theme="auto"] ${embedDark} }

.corner {
  position: fixed; z-index: 2147483647; bottom: 1.25em; right: 1.25em;
  width: 25em; max-height: calc(100vh - 2.5em); overflow: auto; overscroll-behavior: contain;
  box-shadow: 0 .9em 2.6em rgb(var(--shade)); animation: rise .3s ease-out;
}
.left { right: auto; left: 1.25em; }
@media (max-width: 30em) {
  .corner { left: 0; right: 0; bottom: 0; width: auto; max-height: 85vh; border-width: 1px 0 0; border-radius: 1.1em 1.1em 0 0; }
  .corner .numbers { grid-template-columns: repeat(var(--few), 1fr); gap: .3em; }
}
.leaving { opacity: 0; transition: opacity .2s; }
@keyframes rise { from { opacity: 0; transform: translateY(1em); } }

.inside { padding: 1em 1.25em .7em; }
.head, .foot { display: flex; align-items: center; justify-content: space-between; gap: 1em; }
.head { min-height: 2.2em; }
.brand { color: var(--accent); font-weight: 600; }
.brand, .ends, .chosen, .place, .state { font-size: .87em; }
.ends, .chosen, .place, .state { color: var(--soft); }
h2 { margin-bottom: .8em; font-size: 1.07em; line-height: 1.35; font-weight: 600; outline: none; }

button {
  font: inherit; color: inherit; background: none; border: 1px solid transparent; border-radius: .6em;
  cursor: pointer; touch-action: manipulation; -webkit-tap-highlight-color: transparent;
}
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
svg { display: block; width: 1.2em; height: 1.2em; fill: none; stroke: currentColor; stroke-width: 2; stroke-linecap: round; stroke-linejoin: round; }
.close { padding: .5em; margin-inline-end: -.6em; color: var(--soft); border-radius: 50%; }
.close:hover { background: var(--tint); color: var(--ink); }

.numbers { display: grid; grid-template-columns: repeat(var(--few), 1fr); gap: .3em; }
@container (min-width: 23em) { .numbers { grid-template-columns: repeat(var(--all), 1fr); gap: .2em; } }
.numbers button, textarea { background: var(--tint); border: 1px solid var(--edge); }
.numbers button { height: 2.75em; font-weight: 500; transition: background-color .12s; }
.numbers button:hover { border-color: var(--accent); color: var(--accent); }
.numbers [aria-checked="true"], .chosen b, .next { background: var(--accent) !important; color: var(--paper) !important; }
.ends { display: flex; justify-content: space-between; gap: 1em; margin-top: .5em; }

.chosen { display: flex; align-items: center; gap: .6em; margin-bottom: .9em; }
.chosen b { min-width: 2.2em; padding: .15em; text-align: center; border-radius: .5em; }
.chosen button { padding: .3em; color: var(--accent); text-decoration: underline; }

textarea {
  display: block; width: 100%; min-height: 5.2em; padding: .6em .75em; resize: vertical;
  font: inherit; color: inherit; border-radius: .6em;
}
.options { display: grid; gap: .35em; }
label {
  display: flex; align-items: center; gap: .65em; padding: .5em .75em; cursor: pointer;
  border: 1px solid var(--line); border-radius: .6em;
}
label:hover { border-color: var(--edge); }
input { flex: none; width: 1.1em; height: 1.1em; accent-color: var(--accent); }

.foot { margin-top: 1em; }
.next { padding: .55em 1.25em; font-weight: 600; }
.state { margin-top: .5em; }
.begun .state { min-height: 1.45em; }
.bad { color: var(--ink); font-weight: 600; }
.over .body, .over .state { text-align: center; color: var(--soft); }
.body > svg { width: 2.6em; height: 2.6em; margin: 0 auto .5em; color: var(--accent); }
.over h2 { margin-bottom: .2em; color: var(--ink); }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }

@media (prefers-reduced-motion: reduce) { * { animation: none !important; transition: none !important; } }
@media (forced-colors: active) { .numbers [aria-checked="true"] { forced-color-adjust: none; background: Highlight !important; color: HighlightText !important; } }
@media print { .corner { display: none; } }
`;
