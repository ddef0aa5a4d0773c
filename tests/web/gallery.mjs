// The pages of the lecture gallery in headless Chromium: gallery.mjs FOLDER. Each must ask for nothing, say nothing on
// the console, show every picture and pass axe-core, in the light and in the dark; its links must lead somewhere.
import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";
const require = createRequire(path.resolve(process.env.WEB_MODULES, "..") + "/");
const { chromium } = require("playwright-core");
const axe = fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const folder = path.resolve(process.argv[2]);

let checks = 0, failed = 0;
function ok(condition, what) {
  checks++;
  if (condition) return;
  failed++;
  console.log("FAILED:", what);
}

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM,
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"],
});

async function look_at(name) {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, bypassCSP: true, colorScheme: "light" });
  const address = pathToFileURL(path.join(folder, name)).href, said = [], asked = [];
  page.on("pageerror", e => said.push(String(e)));
  page.on("console", m => said.push(m.text()));
  page.on("request", r => { if (r.url() !== address && !r.url().startsWith("data:")) asked.push(r.url()); });
  await page.goto(address);
  const pictures = await page.evaluate(async () => {
    const all = [...document.images];
    for (const image of all) image.loading = "eager";
    await Promise.allSettled(all.map(image => image.decode()));
    return { all: all.length, broken: all.filter(image => image.naturalWidth === 0).length };
  });
  ok(pictures.broken === 0, `${name}: ${pictures.broken} of ${pictures.all} pictures are broken`);
  const explorer = name.endsWith("_explorer.html");
  if (explorer) {
    await page.waitForSelector("html[data-ready='1']");
  } else {
    ok(pictures.all > 0, `${name}: no picture`);
    ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${name}: wider than the window`);
    for (const link of await page.evaluate(() => [...document.querySelectorAll("a")].map(a => a.getAttribute("href"))))
      ok(fs.existsSync(path.join(folder, link.split("#")[0])), `${name}: a link to ${link}, which is not there`);
  }
  await page.evaluate(axe);
  for (const theme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme: theme });
    if (explorer && theme === "dark") await page.keyboard.press("d");
    const { violations } = await page.evaluate(only => axe.run(document, { runOnly: only, resultTypes: ["violations"] }),
      theme === "light" ? ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]
                        : { type: "rule", values: ["color-contrast"] });  // the one rule that the theme can break
    for (const v of violations) console.log("axe", theme, name, v.id, v.nodes.length, v.nodes[0].html.slice(0, 160));
    ok(violations.length === 0, `${name}: axe, ${theme}`);
    const shown = await page.evaluate(() => document.documentElement.dataset.theme || "light");
    ok(!explorer || shown === theme, `${name}: ${theme}, and it is ${shown}`);
  }
  ok(said.length === 0, `${name}: the console says ${said[0]}`);
  ok(asked.length === 0, `${name}: a request to ${asked[0]}`);
  await page.close();
}

const names = fs.readdirSync(folder).filter(name => name.endsWith(".html"));
ok(names.includes("index.html") && names.length > 10, `${names.length} pages in ${folder}`);
for (const name of names) await look_at(name);
await browser.close();
console.log(`${names.length} pages, ${checks} checks, ${failed} failed`);
process.exit(failed ? 1 : 0);
