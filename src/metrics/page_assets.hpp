// SPDX-License-Identifier: MIT
// The style and the script of the page; both stand in it. Internal to metrics.
#pragma once
#include <string_view>

namespace xsuperd::metrics {

/// The colours of curves are those of classes c0 to c5, told apart by eyes that see red and green alike, too.
inline constexpr std::string_view page_style = R"css(
:root{color-scheme:light dark;--back:#fff;--text:#1c1e21;--soft:#5b6470;--line:#d8dce1;--head:#f3f5f7;--bad:#b3261e;--good:#1b6e3c;
--c0:#0b62a4;--c1:#2a8f57;--c2:#b3261e;--c3:#8a5a00;--c4:#6b3fa0;--c5:#4c5661}
@media (prefers-color-scheme:dark){:root{--back:#14171a;--text:#e4e7ea;--soft:#9aa4af;--line:#333a41;--head:#1d2226;--bad:#ff8a80;--good:#7bd19a;
--c0:#6db3f2;--c1:#7bd19a;--c2:#ff8a80;--c3:#e7b04b;--c4:#c3a2f0;--c5:#b4bdc7}}
*{box-sizing:border-box}
body{margin:0;background:var(--back);color:var(--text);font:15px/1.45 system-ui,sans-serif}
header,main,footer{max-width:1280px;margin:0 auto;padding:12px 16px}
h1{font-size:1.25rem;margin:0}
h2{font-size:1rem;margin:24px 0 8px}
p{margin:4px 0}
.soft{color:var(--soft)}.bad{color:var(--bad)}.good{color:var(--good)}
.figures{display:grid;grid-template-columns:repeat(auto-fill,minmax(104px,1fr));gap:8px;margin:0;padding:0;list-style:none}
.figures li{background:var(--head);border:1px solid var(--line);border-radius:6px;padding:6px 10px}
.figures b{display:block;font-size:1.15rem;font-variant-numeric:tabular-nums}
.plots{display:grid;grid-template-columns:repeat(auto-fit,minmax(300px,1fr));gap:16px}
figure{margin:0}
figcaption{font-size:.85rem;color:var(--soft)}
svg{display:block;width:100%;height:auto;background:var(--head);border:1px solid var(--line);border-radius:6px}
path{fill:none;stroke-width:2;vector-effect:non-scaling-stroke}
.c0{stroke:var(--c0);color:var(--c0)}.c1{stroke:var(--c1);color:var(--c1)}.c2{stroke:var(--c2);color:var(--c2)}
.c3{stroke:var(--c3);color:var(--c3)}.c4{stroke:var(--c4);color:var(--c4)}.c5{stroke:var(--c5);color:var(--c5)}
.key{margin-right:1em;white-space:nowrap}
.wide{overflow-x:auto;border:1px solid var(--line);border-radius:6px}
table{border-collapse:collapse;width:100%;font-size:.9rem}
th,td{text-align:left;padding:4px 10px;border-bottom:1px solid var(--line);vertical-align:top;overflow-wrap:break-word}
th{background:var(--head);font-weight:600;white-space:nowrap}
tr:last-child td{border-bottom:0}
.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
pre{margin:0;padding:8px 10px;background:var(--head);border:1px solid var(--line);border-radius:6px;white-space:pre-wrap;overflow-wrap:anywhere;font-size:.85rem}
@media (max-width:600px){header,main,footer{padding:10px}th,td{padding:4px 6px}.less{display:none}}
)css";

/// While something is selected, or nobody looks, nothing is replaced. A browser opens a connection that was lost again by
/// itself, but gives up for good (readyState 2) after any answer but 200. What an old connection still tells counts for
/// nothing.
inline constexpr std::string_view page_script = R"js(
"use strict";
(function(){
var main=document.querySelector("main"),state=document.getElementById("live"),source=null;
function open(){
var own=source=new EventSource("events");
own.onmessage=function(event){
if(own!==source)return;
state.textContent="live";
if(!document.getSelection().isCollapsed)return;
main.innerHTML=event.data;
};
own.onerror=function(){
if(own!==source)return;
state.textContent="not connected";
if(own.readyState===2)setTimeout(function(){if(own===source)open();},5000);
};
}
document.addEventListener("visibilitychange",function(){
if(document.hidden){if(source){source.close();source=null;}}
else if(!source)open();
});
open();
})();
)js";

}  // namespace xsuperd::metrics
