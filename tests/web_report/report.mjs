// The training report in headless Chromium: report.mjs FOLDER_OF_NODE_MODULES PAGE. Prints what failed and how many
// checks ran; exits with 77, "skipped", where Chromium, playwright-core or axe-core is missing.
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import { createRequire } from "node:module";
import os from "node:os";
import path from "node:path";

const [modules, report] = process.argv.slice(2).map(p => path.resolve(p));
function onPath(program) {
  try {
    return execFileSync("which", [program], { encoding: "utf8" }).trim();
  } catch {
    return "";
  }
}
const chromiumPath = ["chromium", "chromium-browser", "google-chrome"].map(onPath).find(p => p);
if (!chromiumPath || !fs.existsSync(path.join(modules, "axe-core"))) {
  console.log("Chromium, playwright-core or axe-core is missing");
  process.exit(77);
}
const require = createRequire(path.dirname(modules) + "/");
const { chromium } = require("playwright-core");
const axe = fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

let checks = 0, failed = 0;
function ok(condition, what) {
  checks++;
  if (condition) return;
  failed++;
  console.log("FAILED:", what);
}

const browser = await chromium.launch({ executablePath: chromiumPath, args: ["--no-sandbox", "--disable-gpu"] });
// Not bypassing the Content Security Policy: what it forbids is what is tested.
const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, colorScheme: "dark" });
const said = [], asked = [];
page.on("pageerror", e => said.push(String(e)));
page.on("console", m => said.push(m.text()));
page.on("request", r => { if (!/^(data|blob):/.test(r.url())) asked.push(r.url()); });
const url = file => "file://" + file;
const text = selector => page.locator(selector).first().innerText();

await page.goto(url(report));
const data = await page.evaluate(() => JSON.parse(document.getElementById("data").textContent));
const items = data.sections.flatMap(s => s.items);
ok(await text("#title") === data.title, "title");
ok(await text("#state") === "finished", "state");
ok(await page.locator("#refresh").count() === 0, "a finished run does not refresh");
ok(await page.locator("main section").count() === data.sections.length + 1, "sections");
ok(await page.locator("nav a").count() === data.sections.length, "contents");
ok(await page.locator("figure svg[aria-label]").count() === items.filter(i => i.svg).length, "a picture for each item");
ok((await text("#run")).includes(String(data.run.seed)), "seed");
const ids = await page.evaluate(() => [...document.querySelectorAll("[id]")].map(e => e.id));
ok(new Set(ids).size === ids.length, "ids are unique");

// ---- themes ----
ok(await page.evaluate(() => document.documentElement.dataset.theme) === "dark", "the system's theme");
const ground = () => page.evaluate(() => getComputedStyle(document.querySelector("figure svg > rect")).fill);
const dark = await ground();
await page.click("#theme");
ok(await ground() === "rgb(255, 255, 255)" && dark !== "rgb(255, 255, 255)", "pictures follow the theme");
await page.goto("about:blank");
await page.goto(url(report) + "#theme=dark");
ok(await page.evaluate(() => document.documentElement.dataset.theme) === "dark", "theme by link");

// ---- a picture as a file ----
const [saved] = await Promise.all([page.waitForEvent("download"), page.locator("figure button").first().click()]);
const svg = fs.readFileSync(await saved.path(), "utf8");
ok(saved.suggestedFilename().endsWith(".svg"), "name of the file");
ok(svg.startsWith("<svg xmlns=") && svg === items.find(i => i.svg).svg, "the picture as it was drawn");

// ---- a run that goes on ----
const folder = fs.mkdtempSync(path.join(os.tmpdir(), "report-"));
const running = path.join(folder, "report.html");
fs.writeFileSync(running, fs.readFileSync(report, "utf8").replace('"running":false', '"running":true')
  .replace('"refresh":5', '"refresh":1'));
await page.goto(url(running));
ok(await text("#state") === "running", "running");
ok(await page.locator("#refresh").getAttribute("aria-pressed") === "true", "refreshes");
await page.waitForEvent("load", { timeout: 5000 }).then(() => ok(true, ""), () => ok(false, "the page is read again"));
await page.click("#refresh");
ok(await page.locator("#refresh").getAttribute("aria-pressed") === "false", "refreshing can be stopped");
fs.rmSync(folder, { recursive: true });

ok(said.length === 0, "no message: " + said.join("; "));
// How often a running page is read again depends on how busy the machine is.
ok(asked.every(u => u === url(report) || u === url(running)), "no request but for the page: " + asked.join(" "));

// ---- WCAG ----
const looked = await browser.newContext({ bypassCSP: true, viewport: { width: 1280, height: 900 } });
const open = await looked.newPage();
for (const theme of ["light", "dark"]) {
  await open.goto("about:blank");
  await open.goto(url(report) + "#theme=" + theme);
  await open.evaluate(axe);
  const { violations } = await open.evaluate(() => axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21aa"] }));
  for (const v of violations) console.log(theme, v.id, v.nodes.slice(0, 3).map(n => n.html.slice(0, 120)));
  ok(violations.length === 0, "axe, " + theme);
}
await browser.close();
console.log(`${checks} checks, ${failed} failed`);
process.exit(failed ? 1 : 0);
