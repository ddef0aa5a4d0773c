/* Nodes as symbols. Formulas come with places to fill in: {n3} is the symbol of a node, {dn3} dL/d of it. */
const NODES = Object.fromEntries(D.nodes.map(n => [n.id, n]));
const MODULES = Object.fromEntries(D.modules.map(m => [m.id, m]));
const whole = id => NODES[id] && NODES[id].of ? NODES[NODES[id].of] : NODES[id];
const mo = s => `<mo>${s}</mo>`, row = s => `<mrow>${s}</mrow>`;
const frac = (a, b) => `<mfrac>${row(a)}${row(b)}</mfrac>`;
const M = s => `<math><mrow>${s}</mrow></math>`;
const tr = s => `<msup>${row(s)}<mo>⊤</mo></msup>`;
const shortName = s => s.length > 14 ? s.slice(0, 6) + "…" + s.slice(-6) : s;
const LOSS = D.nodes.find(n => n.kind === "result");
const sym = id => whole(id) ? whole(id).math : mo("…");
const d = id => frac(mo("∂") + D.loss, mo("∂") + sym(id));
const delta = id => whole(id) && whole(id).delta || "";
const fill = s => s.replace(/\{(d?)(n\d+)\}/g, (_, g, id) => g ? d(id) : sym(id));
