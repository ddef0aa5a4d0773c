/* The graph: drawn from a layout, painted for a step. */
const st = { step: 0, collapsed: new Set(), sel: null, quiz: null };
const S = D.steps, last = S.length - 1, valueAt = {}, gradAt = {}, receivedAt = {};
D.nodes.forEach(n => { if (n.op === undefined) valueAt[n.id] = 0; });
S.forEach((s, i) => {
  if (s.phase === "forward") s.out.forEach(o => valueAt[o] = i);
  if (s.phase === "seed") gradAt[s.node] = i;
  (s.terms || []).forEach(t => { if (t.to) { gradAt[t.to] = i; (receivedAt[t.to] ??= []).push(i); } });
});
const firstBack = S.findIndex(s => s.phase === "seed");
let view = null, shown = null, nodesShown = 0, moved = false;

function svgEl(name, attributes, ...children) {
  const e = document.createElementNS(SVG, name);
  for (const k in attributes) e.setAttribute(k, attributes[k]);
  children.forEach(c => e.append(c));
  return e;
}
const pen = document.createElement("canvas").getContext("2d");
function fitText(text, width, font) {
  pen.font = font;
  text = [...text].slice(0, 200).join("");
  if (pen.measureText(text).width <= width) return text;
  let parts = [...text];
  while (parts.length > 1 && pen.measureText(parts.join("") + "…").width > width) parts.pop();
  return parts.join("") + "…";
}
const TITLE = "700 11px Helvetica, Arial, sans-serif", TYPE = "8.5px Helvetica, Arial, sans-serif";
const shapeText = s => s.length ? s.join("×") : "scalar";

const shortNumber = s => s.length > 7 ? num(Number(s), 3) : s;
function drawNode(n, [x, y, w, h]) {
  const ghost = n.kind === "ghost", of = ghost ? NODES[n.of] : n;
  const kind = ghost ? `ghost ${of.op !== undefined ? "of-op" : of.kind === "data" ? "of-data" : ""}` : n.kind;
  const g = svgEl("g", { id: n.id, class: `node ${kind}`, transform: `translate(${x} ${y})`, tabindex: 0, role: "button" });
  const round = of.op !== undefined && n.kind !== "result" ? 9 : 0;
  g.append(svgEl("rect", { class: "shape", width: w, height: h, rx: round }));
  if (n.kind === "result") g.append(svgEl("rect", { class: "second", x: 3, y: 3, width: w - 6, height: h - 6 }));
  /* What formulas call it: a letter, or v with its number. */
  const unnamed = of.op !== undefined && !of.symbol && !of.name, letter = of.symbol || (unnamed ? "v" : "");
  const symbolWidth = of.layer ? 28 : unnamed ? 22 : letter ? 12 : 0;
  const title = svgEl("text", { x: 8, y: 16, class: of.op !== undefined ? "op" : "" });
  const name = of.name ? "  " + of.name : "";
  title.textContent = fitText((ghost && !n.title.startsWith("↺") ? "↺ " : "") + n.title + (n.number ? " " + shortNumber(n.number) : "") + name, w - 14 - symbolWidth, TITLE);
  g.append(title);
  if (letter) {
    const s = svgEl("text", { x: w - 8, y: 16, class: "sym", "text-anchor": "end" });
    s.textContent = letter;
    if (unnamed) s.append(Object.assign(svgEl("tspan", { "font-size": "8", dy: "2" }), { textContent: of.id.slice(1) }));
    if (of.layer) s.append(Object.assign(svgEl("tspan", { "font-size": "8", dy: "-4" }), { textContent: `[${of.layer}]` }));
    g.append(s);
  }
  const type = svgEl("text", { x: 8, y: 28, class: "type" });
  type.textContent = fitText(`${n.dtype} [${shapeText(n.shape)}]${n.told ? " · " + n.told : ""}`, w - 12, TYPE);
  g.append(type);
  if (!ghost) ["value", "grad"].forEach((what, k) => {
    if (k && !n.grad) return;
    const slot = svgEl("g", { class: `map ${what}`, transform: `translate(${8 + k * (n.map[0] + 4)} 35)` });
    slot.append(svgEl("rect", { class: "slot", width: n.map[0], height: n.map[1] }));
    g.append(slot);
  });
  spoken(g, `${KINDS[n.kind] || n.kind}${title.textContent.endsWith("…") ? ", " + n.title.slice(0, 200) : ""}`);
  return g;
}
const KINDS = { ghost: "used here again", frozen: "frozen parameter" };
/* A name for those who hear the page: what is written, and what it is. */
function spoken(g, what) {
  g.querySelectorAll("text").forEach(t => t.append(" "));
  g.setAttribute("aria-label", g.textContent.trim() + ", " + what);
}
/* Logarithmic, over eight powers of ten. */
const ofMost = (x, most) => heat(x > 0 ? Math.max(0, 1 + Math.log10(x / most) / 8) : 0);
function drawFolder(m, [x, y, w, h]) {
  const g = svgEl("g", { id: m.id, class: "node folder", transform: `translate(${x} ${y})`, tabindex: 0, role: "button", "aria-expanded": "false" });
  g.append(svgEl("path", { class: "shape", d: `M0 6V${h}H${w}V6H${w - 4}L${w - 8} 0H${w - 44}L${w - 48} 6Z` }));
  const a = svgEl("text", { x: 9, y: 22, class: "strong" }), b = svgEl("text", { x: 9, y: 36, class: "type" });
  a.textContent = "▸ " + fitText(m.label, w - 32, TITLE);
  b.textContent = fitText(folderFacts(m), w - 14, TYPE);
  g.append(a, b);
  /* The norm of the gradient that arrived at each of the equal blocks, the first one at the left. */
  const v = m.strip ? m.strip.map(real) : [], most = Math.max(...v.filter(Number.isFinite), 1e-300);
  v.forEach((x, k) => { const e = svgEl("rect", { class: "cell", x: 9 + k * (w - 18) / v.length, y: 43, width: (w - 18) / v.length, height: 11 }); e.style.fill = ofMost(x, most).bg; g.append(e); });
  if (v.length) g.append(svgEl("rect", { class: "edge-of-map", x: 9, y: 43, width: w - 18, height: 11 }));
  spoken(g, "collapsed module");
  return g;
}
const insideOf = (n, m) => { for (let k = n.module; k; k = MODULES[k] && MODULES[k].parent) if (k === m) return true; return false; };
function folderFacts(m) {
  const mine = D.nodes.filter(n => insideOf(n, m.id)), grads = mine.filter(n => n.kind === "parameter" && n.grad).map(n => real(n.grad.norm));
  const count = mine.filter(n => n.kind === "parameter").reduce((s, n) => s + n.shape.reduce((p, q) => p * q, 1), 0);
  const ops = mine.filter(n => n.op !== undefined && !n.of).length;
  return `${ops} op${ops > 1 ? "s" : ""} · ${count} numbers` + (grads.length && st.step === last ? ` · ‖∇‖ ≤ ${num(Math.max(...grads))}` : "");
}
function depthOf(m) { let k = 0; for (; m; m = MODULES[m] && MODULES[m].parent) k++; return k; }

function load() {
  shown = nearest(st.collapsed);
  st.collapsed = new Set(shown.collapsed);
  nodesShown = Object.keys(shown.n).length;
  const svg = svgEl("svg", { role: "group", "aria-label": "Graph" }), defs = svgEl("defs");
  for (const [id, cls] of [["af", "tip-f"], ["an", "tip-n"], ["ab", "tip-b"]])
    defs.append(svgEl("marker", { id, viewBox: "0 0 10 10", refX: 9.5, refY: 5, markerWidth: 8, markerHeight: 8, markerUnits: "userSpaceOnUse", orient: "auto-start-reverse" }, svgEl("path", { d: "M0 1L10 5L0 9z", class: cls })));
  const all = svgEl("g", { id: "all" });
  for (const [id, a] of Object.entries(shown.b).sort((p, q) => depthOf(p[0]) - depthOf(q[0]))) {
    const m = MODULES[id], g = svgEl("g", { id: "box-" + id, class: `box d${depthOf(id) - 1}`, tabindex: 0, role: "button", "aria-expanded": "true" });
    g.append(svgEl("rect", { class: "frame", x: a[0], y: a[1], width: a[2], height: a[3], rx: 9 }));
    const t = svgEl("text", { x: a[0] + 8, y: a[1] + 15 });
    t.textContent = "▾ " + fitText(m.label, a[2] - 26, TITLE);
    g.append(t);
    spoken(g, "module");
    all.append(g);
  }
  for (const [from, to, path] of shown.e) all.append(svgEl("g", { class: "edge", "data-from": from, "data-to": to }, svgEl("path", { d: path })));
  for (const [id, a] of Object.entries(shown.n)) all.append(NODES[id] ? drawNode(NODES[id], a) : drawFolder(MODULES[id], a));
  svg.append(defs, all);
  $("stage").replaceChildren(svg);
  for (const e of svg.querySelectorAll(".node, .box")) {
    const act = () => NODES[e.id] ? select(NODES[e.id].of || e.id) : toggle(e.id.replace("box-", ""));
    e.addEventListener("click", act);
    e.addEventListener("keydown", k => { if (k.key === "Enter" || k.key === " ") { k.preventDefault(); k.stopPropagation(); act(); } });
    if (NODES[e.id]) { e.addEventListener("pointermove", p => tip(p, NODES[e.id])); e.addEventListener("pointerleave", () => $("tip").style.display = "none"); }
  }
  if (!moved) fit();
  else apply();
}
function tip(p, n) {
  const of = n.of ? NODES[n.of] : n, b = $("tip");
  b.textContent = [n.title + (of.name ? " " + of.name : ""), n.told, n.dtype + " " + shapeText(n.shape), of.source || "", ...(of.notes || [])].filter(Boolean).join(" · ");
  b.style.display = "block";
  b.style.left = Math.min(p.clientX + 14, innerWidth - 330) + "px";
  b.style.top = p.clientY + 14 + "px";
}

/* ---- painting ---- */
function paintMap(slot, t, w, h) {
  slot.querySelectorAll(".ink").forEach(e => e.remove());
  if (!t) return;
  const m = slotMap(t), most = largest(m.v);
  const ink = svgEl("g", { class: "ink" });
  if (!m.v.length) return;
  if (nodesShown <= 40 && m.v.length <= 64) {
    const cw = w / m.c, ch = h / m.r;
    m.v.forEach((v, k) => { const e = svgEl("rect", { x: (k % m.c) * cw, y: Math.floor(k / m.c) * ch, width: cw, height: ch }); e.style.fill = colour(v, most).bg; ink.append(e); });
  } else {
    const c = document.createElement("canvas");
    c.width = m.c; c.height = m.r;
    const x = c.getContext("2d");
    m.v.forEach((v, k) => { x.fillStyle = colour(v, most).bg; x.fillRect(k % m.c, Math.floor(k / m.c), 1, 1); });
    ink.append(svgEl("image", { href: c.toDataURL(), width: w, height: h, preserveAspectRatio: "none" }));
  }
  ink.append(svgEl("rect", { class: "edge-of-map", width: w, height: h }));
  slot.append(ink);
}
/* One rectangle of numbers for the small map of a node. */
function slotMap(t) {
  if (t.maps) return { r: t.maps[0].r, c: t.maps[0].c, v: t.maps[0].v.map(real) };
  const c = t.s.length ? t.s[t.s.length - 1] : 1;
  return { c, r: t.v.length / c, v: t.v.map(real) };
}
const gradShown = n => n.grad && st.step >= (gradAt[n.id] ?? last) && !hidesGrad(n.id);
/* While a question is open, its answer is not in the picture. */
const hidesGrad = id => st.quiz && st.quiz.open && gradAt[id] === st.step;
function paint() {
  const s = S[st.step], stage = $("stage"), now = s.node && shownAs(s.node, st.collapsed);
  stage.className = s.phase;
  const targets = new Set(), via = new Set();
  if (s.phase === "backward" && !(st.quiz && st.quiz.open)) for (const t of s.terms) if (t.to) { targets.add(shownAs(t.to, st.collapsed)); via.add(shownAs(t.via, st.collapsed)); targets.add(shownAs(t.via, st.collapsed)); }
  for (const id in shown.n) {
    const e = document.getElementById(id), n = NODES[id], of = n && n.of ? NODES[n.of] : n;
    const ready = n ? st.step >= (valueAt[of.id] ?? 0) : D.nodes.some(k => shownAs(k.id, st.collapsed) === id && k.op !== undefined && st.step >= (valueAt[k.id] ?? 0));
    e.classList.toggle("todo", !ready);
    e.classList.toggle("now", id === now);
    e.classList.toggle("to", targets.has(id) && id !== now);
    e.classList.toggle("sel", !!st.sel && (id === st.sel || !!n && n.of === st.sel));
    if (!n || n.of) continue;
    const value = e.querySelector(".map.value"), grad = e.querySelector(".map.grad");
    paintMap(value, ready ? n.value : null, n.map[0], n.map[1]);
    if (grad) paintMap(grad, gradShown(n) ? n.grad : null, n.map[0], n.map[1]);
    e.classList.toggle("odd", [ready && n.value, grad && gradShown(n) && n.grad].some(t => t && !Number.isFinite(real(t.norm))));
  }
  for (const e of stage.querySelectorAll(".edge")) {
    const { from, to } = e.dataset, path = e.firstElementChild;
    const forward = st.step >= edgeAt(from, to, valueEdge), back = backEdge(from, to);
    e.classList.toggle("todo", !forward);
    e.classList.toggle("back", back);
    const active = s.phase === "forward" ? to === now && from !== now : s.phase === "backward" && back && to === now && (via.has(from) || targets.has(from));
    e.classList.toggle("now", active);
    path.setAttribute("marker-end", back ? "" : active ? "url(#an)" : "url(#af)");
    path.setAttribute("marker-start", back ? "url(#ab)" : "");
  }
}
/* Steps at which something goes along an edge of the program; of several that one drawn edge stands for, the first. */
const VIA = {};
S.forEach((s, i) => (s.terms || []).forEach(t => { if (t.via) VIA[t.via + ">" + s.node] = i; }));
const valueEdge = (a, b) => valueAt[whole(b).id] ?? 0, backAt = (a, b) => VIA[a + ">" + b] ?? Infinity;
function edgeAt(from, to, at) {
  let first = Infinity;
  for (const [a, b] of D.edges) if (shownAs(a, st.collapsed) === from && shownAs(b, st.collapsed) === to) first = Math.min(first, at(a, b));
  return first;
}
function backEdge(from, to) {
  const at = edgeAt(from, to, backAt);
  return st.step >= at && !(st.quiz && st.quiz.open && at === st.step);
}

/* ---- pan and zoom ---- */
function frame() { return $("stage").getBoundingClientRect(); }
function apply() { $("stage").firstElementChild.setAttribute("viewBox", `${view.x} ${view.y} ${view.w} ${view.h}`); }
/* whole: all of it, however small. */
function fit(whole) {
  moved = false;
  const r = frame(), side = 14, above = 4;
  const kx = shown.w / Math.max(50, r.width - 2 * side), ky = shown.h / Math.max(50, r.height - 2 * above);
  /* What would be too small to read is cut, and follows the step. */
  const all = Math.max(kx, ky, .55), k = whole === true ? all : Math.min(all, 1.5), w = r.width * k, h = r.height * k;
  view = { x: (shown.w - w) / 2, y: (shown.h - h) / 2, w, h };
  if (k < all) follow(true);
  apply();
}
function zoom(f, px, py) {
  moved = true;
  const r = frame(), x = view.x + ((px ?? r.left + r.width / 2) - r.left) / r.width * view.w, y = view.y + ((py ?? r.top + r.height / 2) - r.top) / r.height * view.h;
  view = { x: x - (x - view.x) * f, y: y - (y - view.y) * f, w: view.w * f, h: view.h * f };
  apply();
}
/* Brings the node of the step into view when it is outside. */
function follow(always) {
  const s = S[st.step], at = s.node || (s.phase === "start" ? S[1].node : LOSS && LOSS.id), a = at && shown.n[shownAs(at, st.collapsed)];
  if (!a || !view) return;
  const centred = (at, size, whole, length, pad) => whole < length ? (whole - length) / 2 : Math.max(-pad, Math.min(whole - length + pad, at + size / 2 - length / 2));
  if (always || a[0] < view.x || a[0] + a[2] > view.x + view.w) view.x = centred(a[0], a[2], shown.w, view.w, 30);
  if (always || a[1] < view.y || a[1] + a[3] > view.y + view.h) view.y = centred(a[1], a[3], shown.h, view.h, 8);
  apply();
}
$("stage").addEventListener("wheel", e => { e.preventDefault(); zoom(e.deltaY > 0 ? 1.12 : 1 / 1.12, e.clientX, e.clientY); }, { passive: false });
$("stage").addEventListener("pointerdown", e => {
  if (e.target.closest(".node")) return;
  const r = frame(), from = { ...view }, x0 = e.clientX, y0 = e.clientY, stage = $("stage");
  const move = p => {
    moved = true;
    if (Math.hypot(p.clientX - x0, p.clientY - y0) > 3) stage.classList.add("drag");
    view.x = from.x - (p.clientX - x0) / r.width * view.w;
    view.y = from.y - (p.clientY - y0) / r.height * view.h;
    apply();
  };
  const up = () => { removeEventListener("pointermove", move); removeEventListener("pointerup", up); setTimeout(() => stage.classList.remove("drag")); };
  addEventListener("pointermove", move);
  addEventListener("pointerup", up);
});
