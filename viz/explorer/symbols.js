/* Nodes as symbols, and the formulas of operations that lectures use. Every other operation is y = f(x). */
const NODES = Object.fromEntries(D.nodes.map(n => [n.id, n]));
const whole = id => NODES[id] && NODES[id].of ? NODES[NODES[id].of] : NODES[id];
const mi = s => `<mi>${esc(s)}</mi>`, mo = s => `<mo>${s}</mo>`, mn = s => `<mn>${esc(s)}</mn>`, row = (...p) => `<mrow>${p.join("")}</mrow>`;
const paren = s => row(mo("("), s, mo(")"));
const frac = (a, b) => `<mfrac>${row(a)}${row(b)}</mfrac>`;
const sup = (a, b) => `<msup>${row(a)}${row(b)}</msup>`, sub = (a, b) => `<msub>${row(a)}${row(b)}</msub>`;
const layerSup = l => row(`<mo stretchy="false">[</mo>`, mn(l), `<mo stretchy="false">]</mo>`);
const M = (...p) => `<math><mrow>${p.join("")}</mrow></math>`;
const tr = s => sup(s, mo("⊤"));
const fn = (name, arg) => row(mi(name), paren(arg));
const shortName = s => s.length > 14 ? s.slice(0, 6) + "…" + s.slice(-6) : s;
function sym(id) {
  const n = whole(id);
  if (!n) return mo("…");
  if (n.symbol) return n.layer ? sup(mi(n.symbol), layerSup(n.layer)) : mi(n.symbol);
  if (n.name) return mi(shortName(n.name));
  if (n.op === undefined) return mi(shortName(n.title.split(".").slice(-2).join(".")));
  return sub(mi("v"), mn(n.id.slice(1)));
}
const LOSS = D.steps.length > 1 ? D.nodes.find(n => n.kind === "result") : null;
const lossSym = () => LOSS && (LOSS.symbol || LOSS.name) ? sym(LOSS.id) : mi("L");
/* dL/d(node); layers call that of z "delta". */
const d = id => frac(mo("∂") + lossSym(), mo("∂") + sym(id));
const delta = id => { const n = whole(id); return n && n.symbol === "z" ? sup(mi("δ"), n.layer ? layerSup(n.layer) : "") : ""; };
const plain = id => { const n = whole(id); return n ? n.symbol ? n.symbol + (n.layer ? `[${n.layer}]` : "") : n.name || (n.op === undefined ? n.title : `v${n.id.slice(1)}`) : "…"; };

const infix = (sign, number) => (a, n) => row(a[0], mo(sign), a.length > 1 ? a[1] : mn(shortNumber(n.number ?? "")));
const ACT = { tanh: "tanh", relu: "relu", sigmoid: "σ", exp: "exp", log: "log", softmax: "softmax", log_softmax: "log softmax",
  gelu: "gelu", silu: "silu", softplus: "softplus", sin: "sin", cos: "cos", abs: "abs", leaky_relu: "leaky relu", elu: "elu" };
const sumOver = (what, index = "n") => row(`<munder>${mo("∑")}${mi(index)}</munder>`, what);
const FORMULA = {
  linear: a => row(a[0], mo("·"), tr(a[1]), a[2] ? mo("+") + a[2] : ""),
  matmul: a => row(a[0], mo("·"), a[1]), mm: a => row(a[0], mo("·"), a[1]), bmm: a => row(a[0], mo("·"), a[1]),
  mv: a => row(a[0], mo("·"), a[1]), dot: a => row(a[0], mo("·"), a[1]),
  add: infix("+"), sub: infix("−"), mul: infix("⊙"), div: infix("/"), neg: a => row(mo("−"), a[0]),
  square: a => sup(a[0], mn(2)), sqrt: a => `<msqrt>${a[0]}</msqrt>`, pow: (a, n) => sup(a[0], a[1] || mn(n.number ?? "p")),
  transpose: a => tr(a[0]), t: a => tr(a[0]), permute: a => tr(a[0]),
  sum: a => sumOver(a[0], "i"), mean: a => row(frac(mn(1), mi("N")), sumOver(a[0], "i")),
  mse_loss: a => row(frac(mn(1), mi("N")), sumOver(sup(paren(row(a[0], mo("−"), a[1])), mn(2)))),
  cross_entropy: a => row(mo("−"), frac(mn(1), mi("N")), sumOver(row(mi("log"), sub(fn("softmax", a[0]), a[1])))),
  conv1d: a => row(a[0], mo("∗"), a[1], a[2] ? mo("+") + a[2] : ""), conv2d: a => row(a[0], mo("∗"), a[1], a[2] ? mo("+") + a[2] : ""),
  max_pool2d: a => row(`<munder>${mo("max")}${mi("window")}</munder>`, a[0]),
  avg_pool2d: a => row(`<munder>${mo("mean")}${mi("window")}</munder>`, a[0]),
  embedding: a => sub(a[0], a[1] || mi("i")),
  scaled_dot_product_attention: a => row(fn("softmax", frac(row(a[0], tr(a[1])), `<msqrt>${mi("d")}</msqrt>`)), a[2]),
  batch_norm: a => row(mi("γ"), mo("⊙"), frac(row(a[0], mo("−"), mi("μ")), `<msqrt>${row(sup(mi("σ"), mn(2)), mo("+"), mi("ε"))}</msqrt>`), mo("+"), mi("β")),
};
FORMULA.layer_norm = FORMULA.batch_norm;
FORMULA.binary_cross_entropy = a => row(mo("−"), frac(mn(1), mi("N")), sumOver(row(a[1], mi("log"), a[0], mo("+"), paren(row(mn(1), mo("−"), a[1])), mi("log"), paren(row(mn(1), mo("−"), a[0])))));
function formula(n, ids) {
  const a = ids.map(sym), f = FORMULA[n.title];
  if (f && a[0] && (a.length > 1 || f.length > 1 || !/^(add|sub|mul|div)$/.test(n.title))) return f(a, n);
  return ACT[n.title] && a[0] ? fn(ACT[n.title], a[0]) : fn(n.title, a.join(mo(",")));
}
/* Local derivatives in symbols: x the input, y the result. The numbers come from the program, not from here. */
const one = mn(1);
const SLOPE = {
  tanh: (x, y) => row(one, mo("−"), sup(y, mn(2))), sigmoid: (x, y) => row(y, mo("⊙"), paren(row(one, mo("−"), y))),
  exp: (x, y) => y, log: x => frac(one, x), square: x => row(mn(2), x), sqrt: (x, y) => frac(one, row(mn(2), y)),
  relu: x => row(mo("["), x, mo("&gt;"), mn(0), mo("]")), sin: x => fn("cos", x), cos: x => row(mo("−"), fn("sin", x)),
  mse_loss: (x, y, a, k) => frac(row(mn(2), paren(k ? row(a[1], mo("−"), a[0]) : row(a[0], mo("−"), a[1]))), mi("N")),
  cross_entropy: (x, y, a) => frac(row(fn("softmax", x), mo("−"), fn("onehot", a[1] || mi("y"))), mi("N")),
  mul: (x, y, a, k, n) => a.length > 1 ? a[1 - k] : mn(shortNumber(n.number ?? "")), div: (x, y, a, k, n) => k === 0 ? a[1] ? frac(one, a[1]) : frac(one, mn(shortNumber(n.number ?? ""))) : row(mo("−"), frac(a[0], sup(a[1], mn(2)))),
};
function slope(n, ids, position) {
  const a = ids.map(sym), x = a[position], y = sym(n.id), known = SLOPE[n.title];
  return known && x ? known(x, y, a, position, n) : frac(mo("∂") + y, mo("∂") + (x || mi("x")));
}
/* Plain words on operations that lectures use; others are described by their structure alone. */
const WORDS = {
  linear: "Each row is one sample, each column one unit: a weighted sum of the inputs, plus the bias of the unit.",
  matmul: "Each number of the result is a row of the first factor times a column of the second.",
  tanh: "The activation, one number at a time: squashed between −1 and 1. Far from 0 it is flat.",
  sigmoid: "Squashes each number into (0, 1).", relu: "Keeps what is positive, sets the rest to 0.",
  softmax: "Each row becomes probabilities: positive, with sum 1.",
  mse_loss: "Mean squared error: one number for the whole batch.",
  cross_entropy: "How improbable the true classes are under softmax: one number for the whole batch.",
  conv2d: "A small window slides over the maps; each result is the weighted sum of what is under it.",
  max_pool2d: "Of each window only the largest number goes on.", embedding: "Each index picks its row of the table.",
  batch_norm: "Each feature is centred and scaled by the mean and variance of the batch.",
  dropout: "Some numbers are set to 0 by chance, the others are scaled up.",
  scaled_dot_product_attention: "Each query mixes the values, by how well it fits the keys.",
  sum: "All numbers are added up.", mean: "The mean of all numbers.", add: "Sum, element by element; what is smaller is broadcast.",
};
