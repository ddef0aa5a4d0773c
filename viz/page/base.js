/* What all pages share: the data, numbers, the signed colour scale, themes, saving a picture. */
const $ = id => document.getElementById(id), SVG = "http://www.w3.org/2000/svg";
const D = JSON.parse($("data").textContent);
const esc = s => String(s).replace(/[&<>"']/g, c => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" })[c]);

/* JSON has no NaN and no infinity: they come as the texts "NaN", "Inf", "-Inf". */
const real = v => typeof v === "number" ? v : v === "NaN" ? NaN : v === "Inf" ? Infinity : v === "-Inf" ? -Infinity : NaN;
/* About three digits, with a real minus sign. */
function num(v, digits = 2) {
  if (Number.isNaN(v)) return "NaN";
  if (!Number.isFinite(v)) return v > 0 ? "∞" : "−∞";
  if (v === 0) return "0";
  const a = Math.abs(v);
  const s = a < 5e-4 || a >= 1e4 ? v.toExponential(digits - 1).replace("e+", "e").replace(/\.0+e/, "e")
    : Number.isInteger(v) && a < 1e4 ? String(v)
    : a < .1 ? v.toFixed(digits + 1) : a < 10 ? v.toFixed(digits) : v.toFixed(digits - 1);
  return s.replace(/-/g, "−");
}
const norm = list => Math.hypot(...list);
function largest(list) {
  let m = 0;
  for (const v of list) if (Number.isFinite(v)) m = Math.max(m, Math.abs(v));
  return m;
}

/* Purple below 0, neutral, green above (ColorBrewer PRGn), at full strength where |v| is the largest; red: not finite. */
const ENDS = { light: [[118, 42, 131], [247, 247, 247], [27, 120, 55]], dark: [[194, 150, 212], [38, 44, 52], [110, 200, 130]] };
const themeName = () => document.documentElement.dataset.theme || "light";
function colour(v, most) {
  const [neg, mid, pos] = ENDS[themeName()];
  if (!Number.isFinite(v)) return { bg: "#b3001b", ink: "#fff" };
  const t = most ? Math.min(1, Math.abs(v) / most) ** .8 : 0, end = v < 0 ? neg : pos;
  const c = mid.map((m, i) => Math.round(m + (end[i] - m) * t));
  const lum = [.2126, .7152, .0722].reduce((sum, w, i) => {
    const x = c[i] / 255;
    return sum + w * (x <= .04045 ? x / 12.92 : ((x + .055) / 1.055) ** 2.4);
  }, 0);
  return { bg: `rgb(${c})`, ink: lum < .179 ? "#fff" : "#000" };
}

function setTheme(name) { document.documentElement.dataset.theme = name; }
const systemTheme = () => matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";

function download(name, type, content) {
  const a = document.createElement("a");
  a.href = URL.createObjectURL(new Blob([content], { type }));
  a.download = name;
  a.click();
  setTimeout(() => URL.revokeObjectURL(a.href), 1000);
}
/* The picture as a file of its own: what the style sheet gives it is written into it. */
function saveSvg(svg, name) {
  const copy = svg.cloneNode(true), from = svg.querySelectorAll("*"), to = copy.querySelectorAll("*");
  const kept = ["fill", "stroke", "stroke-width", "stroke-dasharray", "opacity", "font-weight", "display"];
  from.forEach((e, i) => {
    const style = getComputedStyle(e);
    for (const p of kept) to[i].style.setProperty(p, style.getPropertyValue(p));
  });
  copy.setAttribute("xmlns", SVG);
  download(name, "image/svg+xml", new XMLSerializer().serializeToString(copy));
}
