// SPDX-License-Identifier: Apache-2.0
#include "sinks/page_parts.h"

namespace pilotwatch::sinks {

// Text meets 4.5:1 and marks 3:1 on their backgrounds in both schemes; tests/sinks/page_test.cc computes it.
const char* page_style() {
  return R"css(
:root { color-scheme: light dark;
  --paper: #f6f4ef; --card: #ffffff; --ink: #1b1e24; --soft: #585e69; --rule: #dedad0; --faint: #f0ede5;
  --accent: #1d4f7c; --band: #c9d9e8; --ok: #1b6b40; --warning: #865300; --breach: #b0231a; --recovering: #6a3aa2;
  --neutral: #565c67; --breach-tint: #fbeeec; }
@media (prefers-color-scheme: dark) { :root {
  --paper: #121419; --card: #1a1d24; --ink: #e9e7e1; --soft: #a6abb6; --rule: #333842; --faint: #22262f;
  --accent: #8fbde8; --band: #29405a; --ok: #74cf9b; --warning: #f0bd55; --breach: #ff8f85; --recovering: #c8a8ff;
  --neutral: #aab0bc; --breach-tint: #2c1e20; } }
* { box-sizing: border-box; }
html { scroll-padding-top: 1rem; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.5 "Inter", "Segoe UI", system-ui,
  -apple-system,
  Roboto, "Helvetica Neue", "Noto Sans", "Liberation Sans", "DejaVu Sans Condensed", sans-serif;
  font-variant-numeric: tabular-nums; -webkit-text-size-adjust: 100%; }
.wrap { max-width: 74rem; margin: 0 auto; padding: 0 1.25rem; }
a { color: var(--accent); text-underline-offset: .2em; text-decoration-thickness: 1px; }
a:hover { text-decoration-thickness: 2px; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: 2px; }
.skip { position: absolute; left: -100rem; }
.skip:focus { left: 1rem; top: 1rem; background: var(--card); padding: .5rem 1rem; z-index: 1; }
.out-of-sight { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
  white-space: nowrap; }
h1, h2, h3 { line-height: 1.25; margin: 0; font-weight: 650; text-wrap: balance; }
p { margin: 0; }

.top { padding-top: 1.5rem; }
.brand { display: flex; flex-wrap: wrap; align-items: baseline; gap: .25rem 1rem; color: var(--soft);
  font-size: .9rem; }
.brand b { color: var(--ink); font-size: 1rem; letter-spacing: .01em; }
.brand span:last-child { margin-left: auto; }
.top h1 { font-size: clamp(1.6rem, 1.1rem + 2vw, 2.3rem); letter-spacing: -.015em; margin: 1.6rem 0 .35rem; }
.lead { color: var(--soft); }
.glance { list-style: none; margin: 1.4rem 0 0; padding: 0; display: flex; flex-wrap: wrap; gap: .5rem; }
.glance a { display: flex; align-items: center; gap: .55rem; padding: .4rem .8rem; background: var(--card);
  border: 1px solid var(--rule); border-radius: 999px; color: var(--ink); text-decoration: none; min-height: 2.2rem; }
.glance a:hover { border-color: var(--soft); }

.state { display: inline-flex; align-items: center; gap: .4rem; font-weight: 600; white-space: nowrap;
  color: var(--neutral); }
.state svg { width: .85em; height: .85em; flex: none; fill: currentColor; stroke: currentColor; stroke-width: 0; }
.state.ok { color: var(--ok); } .state.warning { color: var(--warning); } .state.breach { color: var(--breach); }
.state.recovering { color: var(--recovering); }

.card { background: var(--card); border: 1px solid var(--rule); border-radius: 10px; margin: 1.5rem 0 0;
  padding: 1.35rem 1.5rem; }
.card > header { display: flex; flex-wrap: wrap; gap: .1rem 1rem; align-items: baseline; }
.card h2 { font-size: 1.3rem; letter-spacing: -.01em; overflow-wrap: anywhere; }
.card > header .state { margin-left: auto; }
.about { flex: 0 0 100%; color: var(--soft); overflow-wrap: anywhere; }
.facts { display: flex; flex-wrap: wrap; gap: .5rem 2rem; margin: .9rem 0 0; }
.facts div { min-width: 0; }
.facts dt { color: var(--soft); font-size: .8rem; }
.facts dd { margin: 0; overflow-wrap: anywhere; }

.charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 14.5rem), 1fr));
  gap: 1.25rem 1.75rem;
  margin: 1.2rem 0 0; padding: 1.1rem 0 0; border-top: 1px solid var(--rule); }
figure { margin: 0; min-width: 0; display: flex; flex-direction: column; }
figcaption { font-size: .85rem; color: var(--soft); }
figcaption h3 { font-size: .85rem; font-weight: 600; color: var(--soft); }
.now { font-size: 1.45rem; line-height: 1.25; font-weight: 600; color: var(--ink); letter-spacing: -.01em; }
.now.beyond { color: var(--breach); }
.chart { display: block; width: 100%; max-width: 24rem; height: auto; margin-top: auto; padding-top: .4rem;
  overflow: visible; }
.charts.large { grid-template-columns: repeat(auto-fill, minmax(min(100%, 26rem), 1fr)); }
.large .chart { max-width: 36rem; }
.chart .axis { stroke: var(--rule); } .chart .band { fill: var(--band); }
.chart .line { fill: none; stroke: var(--accent); stroke-width: 1.75; stroke-linejoin: round; stroke-linecap: round; }
.chart .limit { stroke: var(--breach); stroke-dasharray: 5 4; }
.chart .bad { fill: var(--breach); stroke: var(--card); } .chart .last { fill: var(--card); stroke: var(--accent);
  stroke-width: 2; }
.chart text { font-size: 11px; fill: var(--soft); paint-order: stroke; stroke: var(--card); stroke-width: 3px; }
.large .chart text { font-size: 7px; stroke-width: 2px; } .large .chart .line { stroke-width: 1.1; }
.chart .end { text-anchor: end; } .chart .limit-word { fill: var(--breach); }

.scroll { overflow-x: auto; margin: 1.2rem 0 0; }
table { border-collapse: collapse; width: 100%; }
caption { text-align: left; font-weight: 600; padding: 0 0 .3rem; }
caption small { font-weight: 400; color: var(--soft); font-size: .85rem; }
th, td { text-align: left; vertical-align: top; padding: .55rem 1rem .55rem 0; border-top: 1px solid var(--rule); }
th:last-child, td:last-child { padding-right: 0; }
thead th { border-top: 0; padding-top: .2rem; padding-bottom: .3rem; font-size: .8rem; font-weight: 500;
  color: var(--soft); }
tbody th { font-weight: 600; overflow-wrap: break-word; min-width: 9rem; }
td.n, th.n { text-align: right; }
small { font-size: .85rem; font-weight: 400; color: var(--soft); display: block; overflow-wrap: break-word; }
.nowrap { white-space: nowrap; }
.of-group { font-weight: 400; white-space: nowrap; }
tr.firing > * { background: var(--breach-tint); }
tr.firing > :first-child { box-shadow: -.6rem 0 0 var(--breach-tint), inset 3px 0 0 var(--breach);
  padding-left: .7rem; }
tr:target > * { outline: 2px solid var(--accent); outline-offset: -1px; }
.hidden-cell { color: var(--soft); font-style: italic; }
details { margin: 1rem 0 0; border-top: 1px solid var(--rule); padding: .8rem 0 0; }
summary { cursor: pointer; font-weight: 600; min-height: 1.6rem; }
pre { background: var(--faint); padding: .8rem 1rem; border-radius: 6px; overflow-x: auto; margin: .8rem 0 0;
  font-size: .85rem; }
.empty { color: var(--soft); margin: 1.2rem 0 0; padding: 1.1rem 0 0; border-top: 1px solid var(--rule); }
.foot { padding-top: 1.75rem; padding-bottom: 3rem; color: var(--soft); font-size: .9rem; }
.foot ul { list-style: none; margin: 0 0 .6rem; padding: 0; display: flex; flex-wrap: wrap; gap: .3rem 1.4rem; }
.foot a { display: inline-block; min-height: 1.6rem; }

@media (max-width: 40rem) { .wrap { padding: 0 .8rem; } .card { padding: 1.1rem 1rem; }
  .card > header .state { margin-left: 0; }
  .stack, .stack tbody, .stack tr, .stack th, .stack td, .stack caption { display: block; }
  .stack thead { position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden; }
  .stack tr { border-top: 1px solid var(--rule); padding: .6rem 0; } .stack td, .stack tbody th { border: 0;
  padding: .1rem 0; }
  .stack [data-label]::before { content: attr(data-label) " "; color: var(--soft); font-size: .85rem; }
  .stack td small { display: inline; margin-left: .5rem; } .stack .nowrap { white-space: normal; }
  .stack tr.firing { background: var(--breach-tint); box-shadow: inset 3px 0 0 var(--breach); padding-left: .8rem; }
  .stack tr.firing > :first-child { box-shadow: none; padding-left: 0; } }
@media print { :root { --paper: #fff; --card: #fff; } body { font-size: 10pt; } .skip, .screen-only { display: none; }
  .card { border: 0; border-top: 1px solid var(--rule); border-radius: 0; padding: 1rem 0; }
  figure, tr { break-inside: avoid; } .scroll { overflow: visible; } .chart { max-width: 14rem; } }
)css";
}

const char* page_shapes() {
  return R"svg(<svg width="0" height="0" aria-hidden="true" focusable="false" style="position:absolute">
<symbol id="m-ok" viewBox="0 0 16 16"><circle cx="8" cy="8" r="7"/></symbol>
<symbol id="m-warning" viewBox="0 0 16 16"><path d="M8 .8 15.6 15H.4z"/></symbol>
<symbol id="m-breach" viewBox="0 0 16 16"><path d="M1 1h14v14H1z"/></symbol>
<symbol id="m-recovering" viewBox="0 0 16 16"><path d="M8 0 16 8 8 16 0 8z"/></symbol>
<symbol id="m-collecting" viewBox="0 0 16 16"><circle cx="8" cy="8" r="6" fill="none" stroke-width="2.4"/></symbol>
<symbol id="m-no_data" viewBox="0 0 16 16"><path d="M2 2 14 14M14 2 2 14" fill="none" stroke-width="2.8"/></symbol>
<symbol id="m-insufficient" viewBox="0 0 16 16">
<path d="M8 1.6 14.4 8 8 14.4 1.6 8z" fill="none" stroke-width="2.2"/></symbol>
</svg>)svg";
}

}  // namespace pilotwatch::sinks
