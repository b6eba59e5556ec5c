// The look of the page: follows the reader's choice of dark or light, one column on narrow windows.
#pragma once

namespace breakproof::bench {

inline constexpr char kStyle[] = R"css(
:root { color-scheme: light dark; --ink: #1c1c1c; --paper: #ffffff; --faint: #5f6368; --line: #d9dce1; --bar: #8fa8c8;
  --ours: #1a73a8; --spread: #1c1c1c; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8e8e8; --paper: #16181b; --faint: #a4a9b0; --line: #353a41; --bar: #5b718e; --ours: #58b3e6;
    --spread: #f2f2f2; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.45 system-ui, sans-serif; }
main { max-width: 76rem; margin: 0 auto; padding: 1rem; overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; margin: 0.5rem 0; }
h2 { font-size: 1.15rem; margin: 1.5rem 0 0.4rem; }
ul { padding-left: 1.2rem; margin: 0; }
input[type="radio"] { accent-color: var(--ours); margin: 0 0.3rem 0 0; width: 1.05rem; height: 1.05rem; vertical-align: -0.15rem; }
input[type="radio"]:focus-visible { outline: 2px solid var(--ours); outline-offset: 2px; }
fieldset { border: 1px solid var(--line); margin: 0; padding: 0.4rem 0.8rem; }
label { display: inline-block; margin: 0.2rem 1.1rem 0.2rem 0; cursor: pointer; }
@supports selector(:has(*)) {
  section { display: none; }
  main:has(#m0:checked) .m0, main:has(#m1:checked) .m1, main:has(#m2:checked) .m2, main:has(#m3:checked) .m3,
  main:has(#m4:checked) .m4, main:has(#m5:checked) .m5 { display: block; }
}
.charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(30rem, 100%), 1fr)); gap: 1.2rem 2rem; }
table { width: 100%; border-collapse: collapse; table-layout: fixed; margin: 0.6rem 0; align-self: start; }
table.means { max-width: 37rem; }
caption { text-align: left; padding: 0.3rem 0; border-bottom: 1px solid var(--line); min-height: 3.6rem; }
th { width: 7.2rem; text-align: left; font-weight: 400; padding: 0.15rem 0.4rem 0.15rem 0; vertical-align: middle; }
tr.ours th, tr.ours .value { font-weight: 700; }
td { padding: 0.15rem 0; }
td.track { position: relative; height: 1.9rem; }
td.value { width: 11.5rem; padding-left: 0.7rem; font-variant-numeric: tabular-nums; line-height: 1.2; }
td.value small { display: block; color: var(--faint); font-weight: 400; font-size: 0.76rem; }
.bar { position: absolute; left: 0; top: 25%; height: 50%; background: var(--bar); min-width: 1px; }
tr.ours .bar { background: var(--ours); }
.spread { position: absolute; top: calc(50% - 1px); height: 2px; background: var(--spread); min-width: 2px; }
@media (max-width: 30rem) {
  th { width: 6.2rem; font-size: 0.9rem; }
  td.value { width: 9.5rem; font-size: 0.9rem; }
  caption { min-height: 0; }
}
@media print { main section { display: block !important; } fieldset { display: none; } }
)css";

}  // namespace breakproof::bench
