/* A layout for the states that Graphviz was not asked for, or where it is missing: columns by rank, straight edges. */
const MODULES = Object.fromEntries(D.modules.map(m => [m.id, m]));
/* The outermost collapsed module around a node, or the node. */
function shownAs(id, collapsed) {
  let found = id;
  for (let m = NODES[id].module; m; m = MODULES[m] && MODULES[m].parent) if (collapsed.has(m)) found = m;
  return found;
}
const sizeOf = id => (NODES[id] || MODULES[id]).size;
function shownEdges(collapsed) {
  const seen = new Set(), all = [];
  for (const [a, b] of D.edges) {
    const from = shownAs(a, collapsed), to = shownAs(b, collapsed), key = from + ">" + to;
    if (from !== to && !seen.has(key)) { seen.add(key); all.push([from, to]); }
  }
  return all;
}
function ranksOf(ids, edges) {
  const rank = Object.fromEntries(ids.map(i => [i, 0])), into = {}, out = {};
  for (const [a, b] of edges) { (out[a] ??= []).push(b); (into[b] ??= []).push(a); }
  /* Edges lead onward, except around a collapsed module that is entered twice: bounded rounds. */
  for (let round = 0, moved = true; moved && round <= ids.length; round++) {
    moved = false;
    for (const [a, b] of edges) if (rank[b] < rank[a] + 1 && rank[a] + 1 <= ids.length) { rank[b] = rank[a] + 1; moved = true; }
  }
  for (const i of ids) if (!into[i] && out[i]) rank[i] = Math.max(0, Math.min(...out[i].map(o => rank[o])) - 1);
  return rank;
}
function ownLayout(collapsed) {
  const across = D.rankdir === "LR", ids = [...new Set(D.nodes.map(n => shownAs(n.id, collapsed)))], edges = shownEdges(collapsed);
  const rank = ranksOf(ids, edges), columns = [], order = {}, into = {};
  for (const [a, b] of edges) (into[b] ??= []).push(a);
  ids.forEach(i => (columns[rank[i]] ??= []).push(i));
  const main = i => NODES[i] && NODES[i].main ? 0 : 1;
  const place = c => c.forEach((i, k) => order[i] = k - c.length / 2);
  columns.forEach(c => { c.sort((a, b) => main(a) - main(b)); place(c); });
  for (let round = 0; round < 4; round++) for (const c of columns) if (c) {
    const mean = i => into[i] ? into[i].reduce((s, k) => s + order[k], 0) / into[i].length : order[i];
    c.sort((a, b) => mean(a) - mean(b));
    place(c);
  }
  const n = {}, gap = 18;
  let along = 0, breadth = 0;
  for (const c of columns) if (c) {
    const thick = Math.max(...c.map(i => sizeOf(i)[across ? 0 : 1]));
    let at = 0;
    for (const i of c) { const [w, h] = sizeOf(i); n[i] = across ? [along + (thick - w) / 2, at, w, h] : [at, along + (thick - h) / 2, w, h]; at += (across ? h : w) + gap; }
    const shift = -(at - gap) / 2;
    c.forEach(i => n[i][across ? 1 : 0] += shift);
    breadth = Math.max(breadth, at - gap);
    along += thick + 46;
  }
  for (const i in n) n[i][across ? 1 : 0] += breadth / 2;
  const e = edges.map(([a, b]) => {
    const p = n[a], q = n[b];
    const [x1, y1, x2, y2] = across ? [p[0] + p[2], p[1] + p[3] / 2, q[0], q[1] + q[3] / 2] : [p[0] + p[2] / 2, p[1] + p[3], q[0] + q[2] / 2, q[1]];
    const k = across ? (x2 - x1) / 2 : (y2 - y1) / 2;
    return [a, b, across ? `M${x1} ${y1}C${x1 + k} ${y1} ${x2 - k} ${y2} ${x2} ${y2}` : `M${x1} ${y1}C${x1} ${y1 + k} ${x2} ${y2 - k} ${x2} ${y2}`];
  });
  return { n, b: ownBoxes(n, collapsed), e, w: across ? along - 46 : breadth, h: across ? breadth : along - 46 };
}
/* A frame around a module, unless something else stands inside of it. */
function ownBoxes(n, collapsed) {
  const boxes = {};
  for (const m of D.modules) {
    const inside = id => { for (let k = NODES[id] ? NODES[id].module : MODULES[id].parent; k; k = MODULES[k].parent) if (k === m.id) return true; return false; };
    const mine = Object.keys(n).filter(inside);
    if (!mine.length || collapsed.has(m.id) || n[m.id]) continue;
    const x0 = Math.min(...mine.map(i => n[i][0])) - 10, y0 = Math.min(...mine.map(i => n[i][1])) - 24;
    const x1 = Math.max(...mine.map(i => n[i][0] + n[i][2])) + 10, y1 = Math.max(...mine.map(i => n[i][1] + n[i][3])) + 10;
    const clear = Object.keys(n).every(i => inside(i) || n[i][0] > x1 || n[i][1] > y1 || n[i][0] + n[i][2] < x0 || n[i][1] + n[i][3] < y0);
    if (clear) boxes[m.id] = [x0, y0, x1 - x0, y1 - y0];
  }
  return boxes;
}
function layoutFor(collapsed) {
  const key = [...collapsed].sort().join();
  return D.layouts.find(l => [...l.collapsed].sort().join() === key) || ownLayout(collapsed);
}
