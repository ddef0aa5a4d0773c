/* Actions, keys, the address, and the start. */
let timer = 0;
function go(i, say = true) {
  st.step = Math.max(0, Math.min(last, i));
  st.sel = null;
  if (st.quiz) openQuestion(st.step);
  const s = S[st.step], name = titleOf(s), r = $("range");
  r.value = st.step;
  r.setAttribute("aria-valuetext", `step ${st.step} of ${last}, ${s.phase}, ${name}`);
  document.documentElement.style.setProperty("--now", s.phase === "backward" || s.phase === "seed" ? "var(--bwd)" : s.phase === "forward" ? "var(--fwd)" : "var(--muted)");
  [...$("ticks").children].forEach((b, k) => { b.classList.toggle("done", k <= st.step); if (k === st.step) b.setAttribute("aria-current", "step"); else b.removeAttribute("aria-current"); });
  $("loss").textContent = LOSS && LOSS.value && LOSS.value.v && LOSS.value.v.length === 1 && st.step >= (valueAt[LOSS.id] ?? 0) ? "loss " + num(real(LOSS.value.v[0]), 4) : "";
  paint();
  panel();
  follow();
  hash();
  if (say) $("live").textContent = `Step ${st.step} of ${last}, ${s.phase}: ${name}. ${quizOpen() ? "A question." : s.text}`;
}
function select(id) { st.sel = st.sel === id ? null : id; paint(); panel(); hash(); }
function toggle(m) {
  const wanted = new Set(st.collapsed);
  if (!wanted.delete(m)) {
    for (const k of st.collapsed) for (let p = MODULES[k].parent; p; p = MODULES[p].parent) if (p === m) wanted.delete(k);
    wanted.add(m);
  }
  st.collapsed = new Set(nearest(wanted, m).collapsed);
  reload();
}
function reload() { moved = false; load(); mods(); paint(); hash(); }
function toggleAll() {
  const inner = D.modules.filter(m => m.parent).length ? D.modules.filter(m => m.parent && !MODULES[m.parent].parent) : D.modules;
  st.collapsed = new Set(st.collapsed.size ? [] : inner.map(m => m.id));
  reload();
}
function mods() {
  const outer = D.modules.length < 9 ? D.modules : D.modules.filter(m => depthOf(m.id) < 3).slice(0, 12);
  $("mods").innerHTML = outer.map(m => `<button data-m="${m.id}" aria-pressed="${!st.collapsed.has(m.id)}" title="${esc(m.label)}">${st.collapsed.has(m.id) ? "▸" : "▾"} ${esc(shortName(m.fold ? m.label.split(" like")[0] : outer.length > 4 ? m.path.split(".").slice(-1)[0] : m.path))}</button>`).join("");
  $("mods").querySelectorAll("button").forEach(b => b.onclick = () => toggle(b.dataset.m));
}
function theme(t) {
  setTheme(t);
  $("theme").setAttribute("aria-pressed", t === "dark");
  $("ramp").style.background = `linear-gradient(90deg,${ENDS[t].map(c => `rgb(${c})`)})`;
}
function hash() {
  const q = new URLSearchParams({ step: st.step });
  if (st.collapsed.size || D.first.length) q.set("collapse", [...st.collapsed].map(m => MODULES[m].path).join());
  if (themeName() === "dark") q.set("theme", "dark");
  if (st.sel) q.set("node", st.sel);
  try { history.replaceState(null, "", "#" + q); } catch { /* a page inside of a frame */ }
}
function readHash() {
  const q = new URLSearchParams(location.hash.slice(1)), paths = q.get("collapse");
  moved = false;
  st.collapsed = new Set(paths === null ? D.first : D.modules.filter(m => paths.split(",").includes(m.path)).map(m => m.id));
  theme(q.get("theme") === "dark" || q.get("theme") === "light" ? q.get("theme") : systemTheme());
  load();
  mods();
  go(parseInt(q.get("step")) || 0, false);
  if (NODES[q.get("node")]) select(whole(q.get("node")).id);
}
function play() {
  if (timer) { clearInterval(timer); timer = 0; }
  else { if (st.step === last) go(0); timer = setInterval(() => st.step === last || quizOpen() ? play() : go(st.step + 1), 1600); }
  $("bp").textContent = timer ? "❚❚" : "▶▶";
  $("bp").setAttribute("aria-label", timer ? "Pause" : "Play");
}
function find() {
  const q = $("q").value.trim().toLowerCase(), hits = new Set();
  document.querySelectorAll("#stage .hit").forEach(e => e.classList.remove("hit"));
  if (q) D.nodes.forEach(n => { if (`${n.title} ${n.name || ""} ${n.module ? MODULES[n.module]?.path : ""} ${n.source || ""}`.toLowerCase().includes(q)) hits.add(shownAs(n.id, st.collapsed)); });
  hits.forEach(id => document.getElementById(id)?.classList.add("hit"));
  $("found").textContent = q ? `${hits.size} found` : "";
  const a = hits.size && shown.n[[...hits][0]];
  if (a && (a[0] < view.x || a[0] > view.x + view.w || a[1] < view.y || a[1] > view.y + view.h)) { view.x = a[0] + a[2] / 2 - view.w / 2; view.y = a[1] + a[3] / 2 - view.h / 2; apply(); }
}
addEventListener("keydown", e => {
  if (e.target.id === "q") { if (e.key === "Escape") { $("q").value = ""; find(); $("q").blur(); } return; }
  if (e.ctrlKey || e.metaKey || e.altKey || $("dlg").open || (e.target.id === "range" && /^(Arrow|Home|End|Page)/.test(e.key))) return;
  const act = {
    ArrowRight: () => go(st.step + 1), ArrowLeft: () => go(st.step - 1), Home: () => go(0), End: () => go(last),
    b: () => go(Math.max(firstBack, 0)), c: toggleAll, d: () => $("theme").click(), q: toggleQuiz, "/": () => $("q").focus(),
    "?": () => $("dlg").showModal(), 0: () => fit(true), "+": () => zoom(1 / 1.2), "=": () => zoom(1 / 1.2), "-": () => zoom(1.2),
    Escape: () => st.sel && select(null),
  }[e.key.length === 1 ? e.key.toLowerCase() : e.key];
  if (e.key === " " && e.target.tagName !== "BUTTON") { e.preventDefault(); play(); }
  else if (act) { e.preventDefault(); act(); }
});
Object.entries({ b0: () => go(0), b1: () => go(st.step - 1), b2: () => go(st.step + 1), b3: () => go(last), bp: play, fit: () => fit(true), zin: () => zoom(1 / 1.2), zout: () => zoom(1.2), quiz: toggleQuiz,
  save: () => saveSvg($("stage").firstElementChild, `xgrad-step-${st.step}.svg`), help: () => $("dlg").showModal(),
  theme: () => { theme(themeName() === "dark" ? "light" : "dark"); paint(); panel(); hash(); } }).forEach(([id, act]) => $(id).onclick = act);
$("range").oninput = e => go(+e.target.value);
$("q").oninput = find;
new ResizeObserver(() => { if (!moved) fit(); }).observe($("stage"));
addEventListener("hashchange", readHash);
$("title").textContent = D.title;
$("subtitle").textContent = D.sub;
$("range").max = last;
document.documentElement.dataset.arr = D.rankdir === "LR" ? "wide" : "tall";
{
  const back = S.filter(s => s.phase === "backward").length, forward = S.filter(s => s.phase === "forward").length;
  const share = firstBack < 0 ? 100 : (firstBack - .5) / last * 100;
  $("count").textContent = `forward ${forward}, backward ${back}`;
  document.documentElement.style.setProperty("--track", `linear-gradient(90deg,var(--fwd) ${share}%,var(--bwd) ${share}%)`);
  if (last <= 24) S.forEach((s, i) => {
    const b = document.createElement("button");
    b.textContent = s.phase === "start" ? "start" : s.phase === "end" ? "paths" : titleOf(s);
    b.style.left = i / last * 100 + "%";
    b.tabIndex = -1;
    b.onclick = () => go(i);
    $("ticks").append(b);
  });
  const room = () => $("ticks").classList.toggle("tight", [...$("ticks").children].some(b => b.scrollWidth > $("ticks").clientWidth / last));
  new ResizeObserver(room).observe($("ticks"));
}
readHash();
document.documentElement.dataset.ready = "1";
window.xgradExplorer = { go, toggle, select, state: st, data: D, quiz: toggleQuiz };
