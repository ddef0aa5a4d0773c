/* The training report: tables and pictures from the data; the page of a run that goes on is read again. */
const make = (tag, parent, text) => {
  const e = document.createElement(tag);
  if (text !== undefined) e.textContent = text;
  parent.append(e);
  return e;
};
const fileName = title => title.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "") || "picture";

function fillRun() {
  const run = D.run, body = $("run").tBodies[0];
  const row = (name, value) => {
    const r = make("tr", body), head = make("th", r, name);
    head.scope = "row";
    make("td", r, value);
  };
  row("started", run.started);
  row("seed", run.seed);
  row("threads", run.threads);
  for (const [name, version] of Object.entries(run.versions)) row(name, version);
  if (run.arguments.length) row("arguments", run.arguments.join(" "));
  for (const [name, value] of Object.entries(run.notes)) row(name, value);
}

function fillLast() {
  if (!D.last.length) return $("last").remove();
  const body = $("last").tBodies[0];
  for (const m of D.last) {
    const r = make("tr", body);
    for (const text of [m.name, m.split, m.epoch, num(real(m.value), 4)]) make("td", r, text);
  }
}

function figure(item, parent) {
  const f = make("figure", parent), picture = make("div", f), caption = make("figcaption", f);
  picture.className = "picture";
  make("h3", caption, item.title);
  if (!item.svg) {
    make("pre", picture, item.text);
    return;
  }
  picture.innerHTML = item.svg;  // drawn by the library, which escapes every text
  const svg = picture.querySelector("svg");
  svg.setAttribute("aria-label", item.title);
  if (svg.getAttribute("width")) svg.style.width = svg.getAttribute("width") + "px";
  svg.querySelectorAll("[id]").forEach(e => {  // unique in the page
    const old = e.id, name = `${old}-${figures}`;
    e.id = name;
    svg.querySelectorAll(`[clip-path="url(#${old})"]`).forEach(u => u.setAttribute("clip-path", `url(#${name})`));
  });
  ++figures;
  const save = make("button", caption, "Save SVG");
  save.setAttribute("aria-label", `Save ${item.title} as SVG`);
  save.onclick = () => download(fileName(item.title) + ".svg", "image/svg+xml", item.svg);
}
let figures = 0;

function fillSections() {
  for (const [i, s] of D.sections.entries()) {
    const section = make("section", $("report")), heading = make("h2", section, s.title);
    heading.id = `section-${i}`;
    section.setAttribute("aria-labelledby", heading.id);
    const list = make("div", section);
    list.className = "figures";
    for (const item of s.items) figure(item, list);
    const link = make("a", make("li", $("contents")), s.title);
    link.href = `#section-${i}`;
  }
}

/* What the reader chose lasts over a refresh where the browser keeps it. */
const kept = {
  get: key => { try { return sessionStorage.getItem(key); } catch { return null; } },
  set: (key, value) => { try { sessionStorage.setItem(key, value); } catch { /* a page without storage */ } },
};

function showTheme(name) {
  setTheme(name);
  $("theme").textContent = name === "dark" ? "Light" : "Dark";
}
showTheme((location.hash.match(/theme=(dark|light)/) || [])[1] || kept.get("theme") || systemTheme());
$("theme").onclick = () => {
  const name = themeName() === "dark" ? "light" : "dark";
  showTheme(name);
  kept.set("theme", name);
};

$("title").textContent = D.title;
$("state").textContent = D.running ? "running" : "finished";
$("state").classList.toggle("running", D.running);
$("updated").textContent = `written ${D.updated}`;
fillRun();
fillLast();
fillSections();

if (D.running) {
  let on = kept.get("refresh") !== "off";
  const button = $("refresh"), show = () => button.setAttribute("aria-pressed", on);
  button.onclick = () => {
    on = !on;
    kept.set("refresh", on ? "on" : "off");
    show();
  };
  button.title = `Every ${D.refresh} s`;
  show();
  scrollTo(0, Number(kept.get("scroll") || 0));
  setInterval(() => {
    if (!on) return;
    kept.set("scroll", scrollY);
    location.reload();
  }, 1000 * D.refresh);
} else {
  $("refresh").remove();
}
