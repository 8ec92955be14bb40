"""Style and script of the HTML report: both inline, so that the page needs nothing but itself."""

from __future__ import annotations

CSS = """
:root { color-scheme: light; }
body { font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; color: #1c1c1c;
  background: #fff; margin: 0 auto; padding: 1.2rem; max-width: 62rem; overflow-wrap: break-word; }
h1 { font-size: 1.4rem; margin: 0 0 .2rem; } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
.sub { color: #555; margin: 0 0 1rem; }
.answer { border-left: 4px solid #00664b; background: #f2f7f5; padding: .7rem 1rem; }
.answer.none { border-color: #a33a00; background: #faf3ef; }
.answer p { margin: .3rem 0; } .answer .head { font-weight: 600; font-size: 1.05rem; }
.caution { margin: .3rem 0; padding-left: 1.4rem; text-indent: -1.4rem; } .caution::before { content: "⚠ "; }
figure { margin: 1rem 0 1.6rem; } figcaption { color: #444; font-size: .9rem; }
.wide { overflow-x: auto; } .wide img { max-width: max(100%, 36rem); height: auto; display: block; }
table { border-collapse: collapse; font-size: .86rem; font-variant-numeric: tabular-nums; }
th, td { padding: .22rem .6rem; text-align: left; white-space: nowrap; border-bottom: 1px solid #e4e4e4; }
thead th { border-bottom: 2px solid #888; vertical-align: bottom; }
tbody th { font-weight: normal; } td.n, th.n { text-align: right; }
th button { all: unset; cursor: pointer; font: inherit; font-weight: 600; }
th button:focus-visible { outline: 2px solid #00664b; } th[aria-sort=ascending] button::after { content: " ▲"; }
th[aria-sort=descending] button::after { content: " ▼"; }
td.none { color: #a33a00; } tr.all td, tr.all th { font-weight: 600; }
pre { background: #f6f6f6; padding: .7rem; overflow-x: auto; font-size: .82rem; white-space: pre-wrap; }
summary { cursor: pointer; } details > :not(summary) { margin-top: .6rem; }
.tall { max-height: 34rem; overflow: auto; } .tall th { position: sticky; top: 0; background: #fff; }
footer { margin-top: 2.5rem; color: #666; font-size: .85rem; }
@media print { .tall { max-height: none; } details > summary { list-style: none; } }
"""

# A click on a heading sorts its table: by number where every cell has one, else by text; empty cells stay last.
SCRIPT = """
document.querySelectorAll("table.sortable").forEach(function (table) {
  table.querySelectorAll("th button").forEach(function (button, column) {
    button.addEventListener("click", function () {
      var head = button.parentElement, up = head.getAttribute("aria-sort") !== "ascending";
      table.querySelectorAll("th").forEach(function (other) { other.removeAttribute("aria-sort"); });
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      var body = table.tBodies[0];
      Array.from(body.rows).map(function (row) { return [row.cells[column].dataset.v, row]; })
        .sort(function (a, b) {
          if (a[0] === "" || b[0] === "") return (a[0] === "") - (b[0] === "");
          var order = isNaN(a[0]) || isNaN(b[0]) ? a[0].localeCompare(b[0]) : a[0] - b[0];
          return up ? order : -order;
        }).forEach(function (pair) { body.appendChild(pair[1]); });
    });
  });
});
"""
