/* Local derivatives: dy_o/dx_i as columns (all o of one i) and rows (all i of one o), from the structure that was found. */
const entry = (o, i, w, at) => ({ o, i, w, at });
/* Where K stands in a product: `same` runs over the index that incoming and outgoing gradient share. */
function productIndex(l, m) {
  const { rows, columns, b } = l, same = m / (b * rows), g = l.p === "g_k" || l.p === "kt_gt" || l.p === "row", x = l.p === "g_k" || l.p === "gt_k" || l.p === "row";
  return {
    same, g, x,
    out: (k, s, r) => g ? (k * same + s) * rows + r : (k * rows + r) * same + s,
    in: (k, s, c) => x ? (k * same + s) * columns + c : (k * columns + c) * same + s,
    split: (flat, byRow, size) => byRow ? [Math.floor(flat / (same * size)), Math.floor(flat / size) % same, flat % size]
      : [Math.floor(flat / (same * size)), flat % same, Math.floor(flat / same) % size],
  };
}
function column(l, i, m) {
  const factor = (at) => l.w ? real(l.w[at]) : real(l.c);
  switch (l.form) {
    case "same": return [entry(i, i, 1)];
    case "scaled": return [entry(i, i, real(l.c))];
    case "diagonal": return [entry(i, i, real(l.w[i]), i)];
    case "picked": return l.i.flatMap((from, o) => from === i ? [entry(o, i, factor(o), o)] : []);
    case "spread": return l.i[i] < 0 ? [] : [entry(l.i[i], i, factor(i), i)];
    case "product": {
      const p = productIndex(l, m), [k, s, c] = p.split(i, p.x, l.columns);
      return Array.from({ length: l.rows }, (_, r) => { const at = (k * l.rows + r) * l.columns + c; return entry(p.out(k, s, r), i, real(l.k[at]), at); });
    }
    case "general": return l.o.flatMap((o, e) => l.i[e] === i ? [entry(o, i, real(l.w[e]), o)] : []);
  }
  return [];
}
function rowOf(l, o, m) {
  switch (l.form) {
    case "same": return [entry(o, o, 1)];
    case "scaled": return [entry(o, o, real(l.c))];
    case "diagonal": return [entry(o, o, real(l.w[o]), o)];
    case "picked": return l.i[o] < 0 ? [] : [entry(o, l.i[o], l.w ? real(l.w[o]) : real(l.c), o)];
    case "spread": return l.i.flatMap((to, i) => to === o ? [entry(o, i, l.w ? real(l.w[i]) : real(l.c), i)] : []);
    case "product": {
      const p = productIndex(l, m), [k, s, r] = p.split(o, p.g, l.rows);
      return Array.from({ length: l.columns }, (_, c) => { const at = (k * l.rows + r) * l.columns + c; return entry(o, p.in(k, s, c), real(l.k[at]), at); });
    }
    case "general": return l.i.flatMap((i, e) => l.o[e] === o ? [entry(o, i, real(l.w[e]), o)] : []);
  }
  return [];
}
const uniform = l => (l.form === "picked" || l.form === "spread") && !l.w;
/* Times each x is read: equal for all of a broadcast. */
function reads(l, n) {
  const counts = new Array(n).fill(0);
  for (const i of l.i) if (i >= 0) counts[i]++;
  return counts;
}
