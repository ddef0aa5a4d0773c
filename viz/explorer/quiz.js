/* The quiz: before a backward step is shown, which gradient comes next, and what is it? */
const quizOpen = () => st.quiz && st.quiz.open;
function seededOrder(list, seed) {
  const keyed = list.map((v, k) => [Math.imul((seed + 1) * 7919 + k * 104729, 2654435761) >>> 0, v]);
  return keyed.sort((a, b) => a[0] - b[0]).map(k => k[1]);
}
/* A question that can be asked: an input with numbers and a local derivative. */
function question(i) {
  const s = S[i];
  if (s.phase !== "backward" || s.incoming.length !== 1) return null;
  const g = gradOf(s.incoming[0]), t = s.terms.find(q => q.to && q.local && !q.local.cut && (q.sent || gradOf(q.to)).v && (q.sent || gradOf(q.to)).v.length);
  if (!t || !g || !g.v) return null;
  const out = t.sent || gradOf(t.to), v = out.v.map(real), most = largest(v), at = Math.max(0, v.findIndex(x => Math.abs(x) === most));
  if (!Number.isFinite(v[at])) return null;
  const right = s.terms.filter(q => q.to).map(q => q.to), others = D.nodes.filter(n => n.kind !== "ghost" && !right.includes(n.id) && n.id !== s.node).map(n => n.id);
  const near = [...s.in.filter(id => id && others.includes(id)), ...seededOrder(others, i)];
  const gv = g.v.map(real), list = column(t.local, at, gv.length), sum = f => list.reduce((a, e) => a + f(e), 0);
  /* Usual mistakes: the local derivative or the incoming gradient forgotten, the sum forgotten, a sign, a factor. */
  const wrong = [sum(e => gv[e.o]), sum(e => e.w), list.length ? gv[list[0].o] * list[0].w : 0, -v[at], 2 * v[at], 0, v[at] / 2, 1];
  const values = [v[at]];
  for (const w of wrong) if (values.length < 4 && values.every(x => num(x) !== num(w))) values.push(w);
  return { s, t, at, right, out, value: v[at], nodes: seededOrder([t.to, ...[...new Set(near)].slice(0, 3)], i), values: seededOrder(values, i + 5) };
}
function noQuestion(s) {
  if (s.problem) return "the step is not known.";
  if (s.incoming.length !== 1) return "several gradients come in together.";
  if (!s.terms.some(t => t.to)) return "no input takes a gradient.";
  return "its numbers are too many to be written out.";
}
function openQuestion(i) { st.quiz.now = question(i); st.quiz.open = !!st.quiz.now && !st.quiz.done[i]; st.quiz.first = null; st.quiz.second = null; }
function quizHTML(s) {
  const q = st.quiz.now, a = st.quiz.first, b = st.quiz.second;
  const button = (kind, k, text, given, right) => `<button data-${kind}="${k}" ${given !== null ? "disabled" : ""} class="${given === null ? "" : right ? "right" : given === k ? "wrong" : ""}">${text}</button>`;
  const first = `<fieldset><legend>The gradient has arrived at ${M(sym(s.node))} (${esc(NODES[s.node].title)}). Which of these receives one next?</legend><div class="choices">${q.nodes.map((id, k) => button("first", k, `${esc(shortName(NODES[id].title))} ${M(sym(id))}`, a, q.right.includes(id))).join("")}</div></fieldset>`;
  const given = tensorHTML(gradOf(s.incoming[0]), "incoming gradient", d(s.incoming[0]), "in") + tensorHTML(NODES[s.node].value, "result", sym(s.node), "x") + s.in.filter((id, k) => id && whole(id).value && k < 3).map(id => tensorHTML(whole(id).value, "input", sym(id), "x")).join("");
  const second = a === null ? "" : `<fieldset><legend>What is ${M(d(q.t.to))}${q.t.uses > 1 ? ` of this use` : ""}, ${placeText(q.at, q.out.s)}?</legend><div class="strip wrap">${given}</div><div class="choices">${q.values.map((v, k) => button("second", k, num(v), b, v === q.value)).join("")}</div></fieldset>`;
  const end = b === null ? "" : `<p>${q.values[b] === q.value ? '<b class="ok">Right.</b>' : `<b class="bad">It is ${num(q.value)}.</b>`} ${q.t.words}</p><div class="choices"><button id="reveal">Show the step</button></div>`;
  return `<div class="term quiz">${first}${second}${end}</div>`;
}
function wireQuiz() {
  if (!quizOpen()) return;
  const z = st.quiz, q = z.now;
  const answer = (name, right) => e => { z[name] = +e.target.closest("button").dataset[name]; z.asked++; if (right(z[name])) z.right++; score(); panel(); (document.querySelector("#reveal") || document.querySelector(".quiz button:not([disabled])"))?.focus(); };
  document.querySelectorAll("[data-first]").forEach(b => b.onclick = answer("first", k => q.right.includes(q.nodes[k])));
  document.querySelectorAll("[data-second]").forEach(b => b.onclick = answer("second", k => q.values[k] === q.value));
  if ($("reveal")) $("reveal").onclick = () => { z.done[st.step] = true; z.open = false; paint(); panel(); };
}
function score() { $("score").hidden = !st.quiz; $("score").textContent = st.quiz ? `quiz ${st.quiz.right} of ${st.quiz.asked} right` : ""; }
function toggleQuiz() {
  st.quiz = st.quiz ? null : { open: false, asked: 0, right: 0, done: {}, now: null, first: null, second: null };
  $("quiz").setAttribute("aria-pressed", !!st.quiz);
  score();
  if (st.quiz && (st.step < firstBack || st.step === last) && firstBack > 0) go(firstBack + 1);
  else go(st.step);
}
