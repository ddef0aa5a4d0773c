/* Which layout shows a set of collapsed modules. */
/* The outermost collapsed module around a node, or the node. */
function shownAs(id, collapsed) {
  let found = id;
  for (let m = NODES[id].module; m; m = MODULES[m] && MODULES[m].parent) if (collapsed.has(m)) found = m;
  return found;
}
/* The layout that is nearest to the state that is wanted, with module m as it is wanted there, if one was made. */
function nearest(wanted, m) {
  const apart = l => { const c = new Set(l.collapsed); return [...c].filter(k => !wanted.has(k)).length + [...wanted].filter(k => !c.has(k)).length; };
  const fits = D.layouts.filter(l => !m || l.collapsed.includes(m) === wanted.has(m));
  return (fits.length ? fits : D.layouts).reduce((a, b) => apart(b) < apart(a) ? b : a);
}
