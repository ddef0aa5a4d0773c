/* The panel: the step in words, its chain rule as matrices, the arithmetic behind a number, the parameters. */
const P = v => v < 0 ? `(${num(v)})` : num(v);
const gradOf = id => { const n = whole(id); return n && n.grad; };
/* Indices of matrix k of a tensor of shape s, from 0 as in the program. */
function sliceName(s, k) {
  const at = [];
  for (let q = s.length - 3; q >= 0; q--) { at.unshift(k % s[q]); k = Math.floor(k / s[q]); }
  return at.length ? `[${at}]` : "";
}
/* Maps of numbers with the place of each in its tensor; blocks have none. */
function mapsOf(t) {
  if (t.maps) return t.maps.map((m, k) => ({ label: t.total > 1 ? sliceName(t.s, k) : "", r: m.r, c: m.c, v: m.v.map(real) }));
  const s = t.s, v = t.v.map(real), c = s.length ? s[s.length - 1] : 1, r = s.length > 1 ? s[s.length - 2] : 1;
  const maps = [];
  for (let at = 0; at < v.length; at += r * c) {
    maps.push({ label: sliceName(s, at / (r * c)), r, c, v: v.slice(at, at + r * c), at: Array.from({ length: r * c }, (_, i) => at + i) });
  }
  return maps;
}
/* The same numbers as b matrices of r rows and c columns, perhaps transposed. */
function asMatrices(v, b, r, c, turned, place = (k, y, x) => (k * r + y) * c + x) {
  return Array.from({ length: b }, (_, k) => {
    const [rows, columns] = turned ? [c, r] : [r, c], m = { label: b > 1 ? `[${k}]` : "", r: rows, c: columns, v: [], at: [] };
    for (let y = 0; y < rows; y++) for (let x = 0; x < columns; x++) { const i = turned ? place(k, x, y) : place(k, y, x); m.at.push(i); m.v.push(v[i]); }
    return m;
  });
}
/* More columns have no room for their numbers: these are told on pointing at them. */
const widest = () => D.rankdir === "LR" ? 14 : 7;
function tableHTML(m, most, label, cls) {
  const tight = m.c > widest() ? "tiny" : m.c > 5 || m.r > 10 ? "tight" : "";
  let rows = "";
  for (let y = 0; y < m.r; y++) {
    rows += "<tr>";
    for (let x = 0; x < m.c; x++) {
      const k = y * m.c + x, q = colour(m.v[k], most), i = m.at && m.at[k];
      rows += `<td${m.at ? ` data-i="${i}"` : ""} style="background:${q.bg};color:${q.ink}"${tight === "tiny" ? ` aria-label="${num(m.v[k])}" title="${num(m.v[k])}"` : ""}${cls === "out" && m.at ? ` tabindex="${i ? -1 : 0}"` : ""}>${tight === "tiny" ? "" : num(m.v[k])}</td>`;
    }
    rows += "</tr>";
  }
  return `<figure>${m.label ? `<figcaption>${m.label}</figcaption>` : ""}<table class="${tight}" aria-label="${esc(label + " " + m.label)}"><tbody>${rows}</tbody></table></figure>`;
}
/* So many maps side by side that they take about 300 pixels. */
const across = maps => maps.length ? Math.max(1, Math.min(maps.length, Math.floor(300 / (maps[0].c * (maps[0].c > widest() ? 16 : maps[0].c > 5 ? 35 : 45))))) : 1;
function matHTML(maps, role, cap, cls, size, t) {
  const most = largest(maps.flatMap(m => m.v)), empty = !maps.some(m => m.v.length);
  return `<div class="mat ${cls}"><div class="head"><span class="role ${role.includes("gradient") ? "grad" : ""}">${role}</span><span class="cap">${cap ? M(cap) : ""} <span>${size}</span></span></div><div class="maps" style="grid-template-columns:repeat(${across(maps)},auto)">${empty ? '<span class="skip">no numbers</span>' : maps.map(m => tableHTML(m, most, role, cls)).join("")}</div>${t && t.st ? statsHTML(t) : ""}</div>`;
}
function statsHTML(t) {
  const s = t.st, high = Math.max(...t.h, 1);
  return `<div class="stats num">means of blocks of ${t.whole.join("×")}${t.total > t.maps.length ? `, ${t.maps.length} of ${t.total} maps` : ""}<br>min ${num(real(s.min))} · mean ${num(real(s.mean))} · max ${num(real(s.max))} · std ${num(real(s.std))}<br>‖·‖ ${num(real(t.norm))} · zeros ${num(100 * real(s.zeros))} %${s.odd ? ` · <span class="bad">${s.odd} NaN or ∞</span>` : ""}<div class="bins" role="img" aria-label="histogram">${t.h.map(b => `<i style="height:${b ? Math.max(1, b / high * 26).toFixed(0) : 0}px"></i>`).join("")}</div></div>`;
}
const tensorHTML = (t, role, cap, cls) => t ? matHTML(mapsOf(t), role, cap, cls, shapeText(t.s), t) : `<div class="mat"><div class="head"><span class="role">${role}</span></div><span class="skip">not known</span></div>`;
const opr = (sign, small = "") => `<span class="opr">${small ? `<small>${small}</small>` : ""}${sign}</span>`;
const arithHTML = `<div class="arith num"></div>`;

/* ---- backward: one card per input ---- */
const count = t => { const g = t.sent || gradOf(t.to); return g ? g.s.reduce((a, b) => a * b, 1) : 0; };
function termHTML(s, t, k) {
  const l = t.local, g = gradOf(s.incoming[0]), out = t.sent || gradOf(t.to), dy = d(s.incoming[0] || s.node), joined = s.incoming.length > 1;
  const outCap = (t.uses > 1 ? "" : d(t.to)) + (t.uses > 1 || !delta(t.to) ? "" : mo("=") + delta(t.to));
  let h = `<div class="eq">${M(fill(t.math))}</div>`;
  if (!out || !g) return `<div class="term" data-k="${k}">${h}<p class="skip">Not in this picture.</p></div>`;
  const full = !joined && g.v && out.v && l && !l.cut, m = g.s.reduce((a, b) => a * b, 1), gv = full ? g.v.map(real) : null;
  const IN = "incoming gradient", LOC = "local derivative", OUT = "outgoing gradient", f = fill(t.slope), matrix = t.matrix && fill(t.matrix);
  const shape = out.s, outHTML = tensorHTML(out, t.uses > 1 ? `${OUT}, use ${t.use}` : OUT, outCap, "out");
  let left = tensorHTML(g, IN, dy, "in");
  if (full && l.form === "product") {
    const q = productIndex(l, m), turnG = l.p === "gt_k" || l.p === "kt_gt", turnK = l.p === "kt_g" || l.p === "kt_gt";
    const [gr, gc] = q.g ? [q.same, l.rows] : [l.rows, q.same];
    const G = matHTML(asMatrices(gv, l.b, gr, gc, turnG), IN, turnG ? tr(dy) : dy, "in", turnG ? `${gc}×${gr}` : `${gr}×${gc}`);
    const K = matHTML(asMatrices(l.k.map(real), l.b, l.rows, l.columns, turnK), LOC, turnK ? tr(matrix) : matrix, "local", turnK ? `${l.columns}×${l.rows}` : `${l.rows}×${l.columns}`);
    left = (turnK ? K + opr("·") + G : G + opr("·") + K) + opr("=");
  } else if (full && l.form === "general") left += opr("⊙") + `<div class="pick"></div>` + opr("→", "sum");
  else if (full && l.w) left += opr(l.form === "spread" && m === 1 ? "·" : "⊙") + matHTML(mapsOf({ s: l.form === "picked" ? g.s : shape, v: l.w }), LOC, f, "local", "") + (l.form === "picked" && Math.max(...reads(l, count(t))) > 1 ? opr("→", "sum over uses") : opr("="));
  else if (l && l.form === "same") left += opr("=");
  else if (l && l.form === "scaled") left += opr("=", `times ${num(real(l.c))}`);
  else if (l && uniform(l)) left += opr("→", l.form === "picked" ? Math.max(...reads(l, count(t))) > 1 ? "sum over uses" : "put back" : real(l.c) === 1 ? "given to each" : `times ${num(real(l.c))}, given to each`);
  else if (l && l.form === "product" && l.ref) left += opr("·") + tensorHTML(whole(l.ref).value, LOC, matrix, "local") + opr("=");
  else left += opr("→", "∂y/∂x");
  const words = `<div class="what">${joined ? "This operation has several results; their gradients come in together." : t.words}</div>`;
  const strip = `<div class="strip">${left}${outHTML}</div>` + (full ? arithHTML : "");
  h += l ? strip + words : words + strip;  /* why a factor is missing stands before what may be long */
  return `<div class="term" data-k="${k}">${h}${t.uses > 1 ? sumHTML(t) : ""}${t.outside ? moreHTML(t.total, t.outside, t.all) : ""}</div>`;
}
/* What the uses in this graph do not explain. */
function moreHTML(uses, more, all) {
  return `<div class="sum">A hook, or a result that is not in this graph, gave a part of this gradient.<div class="strip">${tensorHTML(uses, "from uses here", "", "before")}${opr("+")}${tensorHTML(more, "hook or outside", "", "this")}${opr("=")}${tensorHTML(all, "gradient", "", "total")}</div></div>`;
}
/* Half of the chain rule: what is used several times gets the sum. */
function sumHTML(t) {
  const name = t.to ? sym(t.to) : "<mi>x</mi>";
  const before = t.so_far ? tensorHTML(t.so_far, "so far", "", "before") : `<div class="mat"><div class="head"><span class="role">so far</span></div>0</div>`;
  return `<div class="sum"><b>${t.use} of ${t.uses} uses</b> of ${M(name)}: the gradients of all uses are added up.<div class="strip">${before}${opr("+")}${tensorHTML(t.sent, "this use", "", "this")}${opr("=")}${tensorHTML(t.total, t.use === t.uses ? "sum: the gradient" : "sum so far", t.use === t.uses && t.to ? d(t.to) : "", "total")}</div></div>`;
}
function explain(el, s, t, i) {
  const l = t.local, g = gradOf(s.incoming[0]), out = t.sent || gradOf(t.to), m = g.s.reduce((a, b) => a * b, 1);
  const gv = g.v.map(real), all = column(l, i, m), list = l.form === "general" && all.length > 4 ? all.filter(e => gv[e.o] !== 0) : all, silent = all.length - list.length;
  if (l.form === "general") {
    const w = new Array(m).fill(0);
    all.forEach(e => w[e.o] = e.w);
    el.querySelector(".pick").innerHTML = matHTML(mapsOf({ s: g.s, v: w }), "local derivative", frac(mo("∂") + sym(s.node), `<mo>∂</mo><msub>${row(sym(t.to || t.via))}<mn>${i}</mn></msub>`), "local", "");
  }
  mark(el, [["out", i], ...all.flatMap(e => [["in", e.o], ["local", l.form === "general" ? e.o : e.at]])]);
  const w1 = l.form === "same" || (uniform(l) && real(l.c) === 1);
  el.querySelector(".arith").innerHTML = `${placeText(i, out.s)}: &nbsp; ${sumText(list.map(e => w1 ? P(gv[e.o]) : `${P(gv[e.o])} · ${P(e.w)}`))} = <b>${num(real(out.v[i]))}</b>${silent ? ` &nbsp; (${silent} more times 0)` : ""}`;
}
function sumText(parts) { return parts.length > 14 ? parts.slice(0, 12).join(" + ") + ` + … (${parts.length - 12} more)` : parts.join(" + ") || "nothing flows here"; }
function placeText(i, s) {
  const at = [];
  for (let k = s.length - 1; k >= 0; k--) { at.unshift(i % s[k]); i = Math.floor(i / s[k]); }
  return s.length === 2 ? `row ${at[0] + 1}, column ${at[1] + 1}` : s.length ? `index [${at}]` : "the number";
}
function mark(el, list) {
  el.querySelectorAll(".use").forEach(e => e.classList.remove("use"));
  for (const [cls, i] of list) for (const c of el.querySelectorAll(`.mat.${cls} td[data-i="${i}"]`)) c.classList.add("use");
}

/* ---- forward ---- */
const SIGNS = { matmul: "·", mm: "·", bmm: "·", mv: "·", add: "+", sub: "−", mul: "⊙", div: "/", linear: "·" };
function forwardHTML(s) {
  const n = NODES[s.node];
  let h = "";
  s.in.forEach((id, k) => {
    if (!id) return;
    const t = whole(id).value, linear = n.known === "linear" && k < 3;
    if (h) h += opr(linear && k === 2 ? "+" : SIGNS[n.known] || ",");
    h += linear && k === 1 && t && t.v ? matHTML(asMatrices(t.v.map(real), 1, t.s[0], t.s[1], true), "input", tr(sym(id)), "in" + k, `${t.s[1]}×${t.s[0]}`) : tensorHTML(t, "input", sym(id), "in" + k);
  });
  h += SIGNS[n.known] ? opr("=") : opr("→", esc(n.title) + (n.number ? " " + shortNumber(n.number) : ""));
  return s.out.map((o, k) => `<div class="term" data-o="${k}"><div class="eq">${k ? "" : M(sym(s.node) + mo("=") + fill(s.math))}</div><div class="strip">${k ? "" : h}${tensorHTML(NODES[o].value, "result", sym(o), "out")}</div>${k || !NODES[o].value || !NODES[o].value.v ? "" : arithHTML}</div>`).join("");
}
const BACK = Object.fromEntries(S.filter(s => s.phase === "backward").map(s => [s.node, s]));
function explainForward(el, s, o) {
  const n = NODES[s.node], y = n.value, b = BACK[s.node], m = y.v.length, marks = [["out", o]];
  const local = k => b && (b.terms.find(t => t.position === k) || {}).local;
  let parts = [], text = "";
  const single = (s.linear || []).length === 1 && local(s.linear[0]), each = single && single.form === "diagonal" && !SIGNS[n.known];
  for (const k of each ? [] : s.linear || []) {
    const x = whole(s.in[k]) && whole(s.in[k]).value;
    if (!x || !x.v || !local(k) || local(k).cut) { parts = null; break; }
    for (const e of rowOf(local(k), o, m)) { if (e.w !== 0 || local(k).form === "product") parts.push(e.w === 1 ? P(real(x.v[e.i])) : `${P(real(x.v[e.i]))} · ${P(e.w)}`); marks.push(["in" + k, e.i]); }
  }
  if (parts && parts.length === 1 && single && single.form === "picked" && uniform(single)) text = "the marked number";
  else if (parts && parts.length) text = sumText(parts);
  else {
    const same = s.in.map((id, k) => [id && whole(id).value, k]).filter(([v]) => v && v.v && v.v.length === m);
    same.forEach(([, k]) => marks.push(["in" + k, o]));
    if (same.length) text = `${esc(n.title)}(${same.map(([v]) => num(real(v.v[o]))).join(", ")})`;
    else {
      const l = local(0), e = l && !l.cut ? rowOf(l, o, m) : [];
      e.forEach(q => marks.push(["in0", q.i]));
      text = `${esc(n.title)} of ${e.length && m > 1 ? `the ${e.length} numbers marked` : "all input numbers"}`;
    }
  }
  /* A factor is marked too: the number of the other input that the slope is. */
  const w = (s.linear || []).length && local(s.linear[0]);
  if (w && w.form === "product" && w.ref && !w.cut) s.in.forEach((id, k) => { if (id && whole(id).id === w.ref) rowOf(w, o, m).forEach(e => marks.push(["in" + k, w.turned ? turnedIndex(w, e.at) : e.at])); });
  mark(el, marks);
  el.querySelector(".arith").innerHTML = `${placeText(o, y.s)}: &nbsp; ${text} = <b>${num(real(y.v[o]))}</b>`;
}
const turnedIndex = (l, at) => { const size = l.rows * l.columns, k = Math.floor(at / size), r = Math.floor(at % size / l.columns), c = at % size % l.columns; return k * size + c * l.rows + r; };

/* ---- the whole panel ---- */
function titleOf(s) {
  if (s.phase === "start") return "Leaves: data and parameters";
  if (s.phase === "end") return "The gradient along each path";
  return s.phase === "seed" ? "seed" : NODES[s.node].title;
}
function nodeHTML(n) {
  const kinds = { parameter: "Parameter", frozen: "Parameter without gradient", data: "Data, no gradient" }, where = n.module ? MODULES[n.module] : null;
  const facts = [n.told, n.uses > 1 ? `used ${n.uses} times` : "", n.source ? `from ${n.source}` : "", n.saved ? `keeps ${n.saved.join(", ")} for the backward pass` : "", ...(n.notes || [])].filter(Boolean);
  const note = `<p class="why">${kinds[n.kind] || "Result of " + esc(n.title)} in ${where ? esc(where.label) : "the main graph"}; ${n.dtype} [${shapeText(n.shape)}].</p>`;
  return [`<div><span class="chip">NODE</span> <button id="unsel">Back to step ${st.step}</button><h2>${esc(n.title)}${n.name ? " " + esc(n.name) : ""}</h2>${note}${facts.length ? `<ul class="facts">${facts.map(f => `<li>${esc(f)}</li>`).join("")}</ul>` : ""}</div>`,
    `<div class="strip wrap">${st.step >= (valueAt[n.id] ?? 0) ? tensorHTML(n.value, "value", sym(n.id), "x") : '<span class="skip">not computed yet</span>'}${n.grad && gradShown(n) ? tensorHTML(n.grad, "gradient", d(n.id), "x") : ""}</div>${st.step >= firstBack && firstBack > 0 ? timeRows().filter(g => g.includes(n)).map(g => timeHTML(g, n.id)).join("") : ""}`];
}
/* With the path of its module where another one has the same name. */
const leafName = n => n.module && !MODULES[n.module].fold && D.nodes.some(k => k !== n && !k.of && k.title === n.title) ? `${MODULES[n.module].path}.${n.title}` : n.title;
function parametersHTML() {
  const all = D.nodes.filter(n => n.kind === "parameter"), most = Math.max(1e-300, ...all.map(p => p.grad ? real(p.grad.norm) || 0 : 0));
  if (!all.length) return "";
  const rows = all.slice(0, 60).map(p => {
    const on = gradShown(p), g = p.grad ? real(p.grad.norm) : 0, c = p.check, uses = receivedAt[p.id] || [], so = uses.filter(i => quizOpen() ? i < st.step : i <= st.step).length;
    const few = v => v === 0 ? "0" : v.toExponential(0).replace(/-/g, "−"), kinks = c && c.kinks ? ` ${c.kinks} kink${c.kinks > 1 ? "s" : ""}` : "";
    const why = c && `largest difference to central differences at ${c.points} numbers${c.kinks ? `; at ${c.kinks} of them the loss has a kink: the gradient is one of its two slopes or between them` : ""}`;
    const mark = !on ? '<span class="pending">–</span>' : !c ? `<span class="pending" title="${esc(D.unchecked || (D.checked ? "not checked: there was no time left" : "not checked: pass .recompute to viz::save"))}">–</span>` : c.ok ? `<span class="ok" title="${why}">✓ ${few(real(c.error))}${kinks}</span>` : `<span class="bad" title="${why}">✗ ${few(real(c.error))}${kinks}</span>`;
    const state = on ? `<span class="bar" style="width:${((g / most * 50) || 0).toFixed(1)}%"></span>${num(g)}` : so ? `<span class="pending">${so} of ${uses.length} uses</span>` : '<span class="pending">not yet</span>';
    return `<tr><td title="${esc(leafName(p))}">${esc(shortName(leafName(p), 22))}</td><td>${shapeText(p.shape)}</td><td>${p.value ? num(real(p.value.norm)) : "–"}</td><td>${state}</td><td>${mark}</td></tr>`;
  });
  return `<h3>Parameters</h3><table class="rows"><thead><tr><th>name</th><th>shape</th><th>‖value‖</th><th style="width:34%">‖gradient‖</th><th>check</th></tr></thead><tbody>${rows.join("")}</tbody></table>${all.some(p => p.check) ? '<p class="skip">check: largest difference to finite differences of the loss</p>' : ""}${all.length > 60 ? `<p class="skip">and ${all.length - 60} more</p>` : ""}`;
}
/* From a node back to the loss, by its user that ran last on the way back. */
function pathOf(id) {
  const path = [id];
  for (let at = id; receivedAt[at] && path.length < 200;) { at = S[Math.max(...receivedAt[at])].node; path.unshift(at); }
  return path;
}
function barsHTML(title, ids) {
  const g = ids.map(i => NODES[i].grad ? real(NODES[i].grad.norm) : 0), most = Math.max(...g.filter(Number.isFinite), 1e-300);
  return `<div class="term path"><h3>${esc(title)}</h3><div class="bars num" tabindex="0" role="group" aria-label="norms">${ids.map((i, k) => `<span class="b"><i style="height:${Math.max(3, g[k] / most * 74 || 3).toFixed(0)}px"></i><b>${num(g[k])}</b><small>${esc(NODES[i].op === undefined ? NODES[i].title.split(".").pop() : NODES[i].title)}</small></span>`).join("")}</div></div>`;
}
/* Where the steps are not known, because backward() had freed what they need, the gradients are still there. */
function pathsHTML() {
  const all = D.nodes.filter(n => n.kind === "parameter" && n.grad), stepped = all.filter(n => receivedAt[n.id]), rest = all.filter(n => !receivedAt[n.id]);
  return stepped.slice(0, 24).map(n => barsHTML("loss → " + leafName(n), pathOf(n.id))).join("") + (rest.length ? barsHTML("Gradients of parameters; their paths are not known", rest.slice(0, 24).map(n => n.id)) : "");
}
/* The same operation of the same line, again and again: one cell per time, for the gradient that arrived there. */
function timeRows() {
  const groups = {};
  for (const n of D.nodes) if (n.op !== undefined && n.grad && n.kind !== "ghost") (groups[`${n.title}|${n.source}|${n.shape}|${learntBy(n)}`] ??= []).push(n);
  return Object.values(groups).filter(g => g.length >= 3).slice(0, 12);
}
const FORWARD = Object.fromEntries(S.filter(s => s.phase === "forward").map(s => [s.node, s]));
const learntBy = n => (FORWARD[n.id] ? FORWARD[n.id].in : []).filter(i => i && whole(i).kind === "parameter").map(i => whole(i).title).join(", ");
function timeHTML(g, here) {
  const v = g.map(n => real(n.grad.norm)), most = Math.max(...v.filter(Number.isFinite), 1e-300), by = learntBy(g[0]), many = g.length > 12;
  const cell = (x, k) => { const q = ofMost(x, most); return `<td style="background:${q.bg};color:${q.ink}"${g[k].id === here ? ' class="use"' : ""}${many ? ` title="${k}: ${num(x)}" aria-label="${num(x)}"` : ""}>${many ? "" : num(x)}</td>`; };
  return `<div class="term through mat"><h3>Through time: ${esc(g[0].title)}${by ? ` with ${esc(by)}` : ""}, ${esc(g[0].source || "")}, ${g.length} times</h3><div class="time num${many ? " many" : ""}" tabindex="0" role="group" aria-label="one cell per time"><table>${many ? "" : `<thead><tr>${g.map((_, k) => `<th>${k}</th>`).join("")}</tr></thead>`}<tbody><tr>${v.map(cell).join("")}</tr></tbody></table>${many ? `<p class="skip">first ${num(v[0])}, last ${num(v[v.length - 1])}</p>` : ""}</div></div>`;
}
/* A shadow at the lower end says that there is more below. */
function markMore() { const p = $("panel"); p.classList.toggle("more", p.scrollHeight - p.scrollTop - p.clientHeight > 12); }
$("panel").addEventListener("scroll", markMore);
function panel() {
  const s = S[st.step];
  let say, mid;
  if (st.sel) [say, mid] = nodeHTML(NODES[st.sel]);
  else {
    const notes = s.phase === "start" ? [...D.notes] : s.problem ? [s.problem] : [], asks = quizOpen();
    if (st.quiz && s.phase === "backward" && !st.quiz.now) notes.push("No question here: " + noQuestion(s));
    say = `<div><span class="chip ${s.phase}">${(s.phase === "seed" ? "backward" : s.phase).toUpperCase()}</span> <span class="muted">step ${st.step} of ${last}</span><h2>${esc(titleOf(s))}${s.node && NODES[s.node].told ? ` <small class="muted">${esc(NODES[s.node].told)}</small>` : ""}</h2><p class="why">${asks ? "A question first; the step is told behind it." : esc(s.text)}</p>${notes.length ? `<ul class="facts">${notes.map(n => `<li>${esc(n)}</li>`).join("")}</ul>` : ""}</div>`;
    mid = quizOpen() ? quizHTML(s) : s.phase === "start" ? `<div class="strip wrap">${D.nodes.filter(n => n.op === undefined && n.kind !== "ghost" && n.kind !== "stub").slice(0, 12).map(n => tensorHTML(n.value, esc(shortName(leafName(n), 22)), sym(n.id), "x")).join("")}</div>`
      : s.phase === "end" ? timeRows().map(g => timeHTML(g)).join("") + pathsHTML()
      : s.phase === "forward" ? forwardHTML(s) : s.phase === "seed" ? `<div class="term"><div class="eq">${M(d(s.node) + mo("=") + `<mn>${s.seed || "…"}</mn>`)}</div>${tensorHTML(gradOf(s.node), "outgoing gradient", d(s.node), "x")}</div>`
      : (s.outside ? `<div class="term">${moreHTML(s.inside, s.outside, gradOf(s.incoming[0]))}</div>` : "") + s.terms.map((t, k) => termHTML(s, t, k)).join("") || '<p class="skip">No input of this operation takes a gradient.</p>';
  }
  $("panel").innerHTML = `<div class="say">${say}</div><div class="pars">${parametersHTML()}</div><div class="terms">${mid}</div>`;
  $("panel").scrollTop = 0;
  $("panel").className = s.phase + (D.nodes.filter(n => n.kind === "parameter").length > 6 ? " long" : "");
  $("unsel")?.addEventListener("click", () => select(null));
  wireQuiz();
  document.querySelectorAll(".term[data-k], .term[data-o]").forEach(el => {
    const a = el.querySelector(".arith");
    if (!a) return;
    const t = el.dataset.k ? s.terms[el.dataset.k] : null, out = t ? t.sent || gradOf(t.to) : NODES[s.node].value, v = out.v.map(real);
    const show = i => t ? explain(el, s, t, i) : explainForward(el, s, i), most = largest(v);
    if (!v.length) return;
    show(Math.max(0, v.findIndex(x => Math.abs(x) === most)));
    el.querySelectorAll(".mat.out td").forEach(c => {
      const go = () => show(+c.dataset.i);
      c.onpointerenter = go;
      c.onfocus = go;
      c.onkeydown = e => {
        const [dx, dy] = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] }[e.key] || [];
        if (dx === undefined) return;
        e.preventDefault();
        e.stopPropagation();
        c.parentNode.parentNode.rows[c.parentNode.rowIndex - (c.closest("table").tHead ? 1 : 0) + dy]?.cells[c.cellIndex + dx]?.focus();
      };
    });
  });
  markMore();
}
