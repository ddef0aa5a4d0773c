// The explorer's pages in headless Chromium: explorer.mjs FOLDER_WITH_PAGES. Prints what failed and how many checks ran.
import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
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
const near = (a, b, tolerance = 2e-3) => Math.abs(a - b) <= tolerance * Math.max(Math.abs(a), Math.abs(b), 1e-3);
const number = text => parseFloat(text.replace("−", "-"));

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM,
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"],
});
const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, bypassCSP: true, colorScheme: "light" });
const said = [], asked = [];
page.on("pageerror", e => said.push(String(e)));
page.on("console", m => said.push(m.text()));
page.on("dialog", d => { said.push("dialog " + d.message()); d.dismiss(); });
page.on("request", r => { if (!r.url().startsWith("data:") && !r.url().startsWith("blob:")) asked.push(r.url()); });

async function open(name, hash = "") {
  await page.goto("about:blank");
  await page.goto(`file://${folder}/${name}.html${hash}`);
  await page.waitForSelector("html[data-ready='1']");
}
const step = () => page.evaluate(() => xgradExplorer.state.step);
const go = k => page.evaluate(i => xgradExplorer.go(i), k);
const text = selector => page.locator(selector).first().innerText();
const count = selector => page.locator(selector).count();
const find = (phase, title) => page.evaluate(([p, t]) => {
  const d = xgradExplorer.data, n = Object.fromEntries(d.nodes.map(k => [k.id, k]));
  return d.steps.findIndex(s => s.phase === p && (!t || n[s.node].title === t));
}, [phase, title]);

// ---- steps and keys ----
await open("mlp");
const last = await page.evaluate(() => xgradExplorer.data.steps.length - 1);
ok(await page.evaluate(() => xgradExplorer.data.schema) === "xgrad.explorer/1", "schema");
await page.keyboard.press("ArrowRight");
ok(await step() === 1, "right arrow");
await page.keyboard.press("ArrowLeft");
ok(await step() === 0, "left arrow");
await page.keyboard.press("End");
ok(await step() === last, "End");
ok(await count(".path") === 4, "a path for each parameter");
const seed = await find("seed");
await page.keyboard.press("b");
ok(await step() === seed, "b");
await page.keyboard.press("ArrowRight");
await page.keyboard.press("ArrowRight");
ok(await text(".chip") === "BACKWARD", "phase");
ok(await count(".edge.back.now") === 1, "one gradient flows");
ok(await count(".map.grad .ink") === 3, "three gradients are there");
ok((await text("#live")).includes("Step"), "the step is announced");
await page.locator("#range").focus();
await page.keyboard.press("ArrowRight");
ok(await step() === seed + 3, "slider");

// ---- chain rule: arithmetic of a cell, recomputed ----
const linear = await page.evaluate(() => xgradExplorer.data.steps.findIndex(s => s.phase === "backward" && s.terms[0].local.p === "gt_k"));
await go(linear);
const roles = await page.locator(".term").first().locator(".role").allInnerTexts();
ok(roles.join() === "incoming gradient,local derivative,outgoing gradient", "three matrices: " + roles);
const term = page.locator(".term[data-k='0']");
const cells = selector => term.locator(selector).allInnerTexts().then(a => a.map(number));
for (const [r, c] of [[0, 0], [2, 1]]) {
  await term.locator(`.mat.out td[data-i='${r * 2 + c}']`).hover();
  const g = await cells(".mat.in td.use"), k = await cells(".mat.local td.use"), [y] = await cells(".mat.out td.use");
  ok(g.length === 4 && k.length === 4, "a row of four samples is marked");
  ok(Math.abs(g.reduce((s, v, i) => s + v * k[i], 0) - y) < 3e-3, `sum of products ${g} x ${k} = ${y}`);
  const said = await term.locator(".arith").innerText();
  ok(said.startsWith(`row ${r + 1}, column ${c + 1}`) && near(number(said.split("=").pop().trim()), y), "arithmetic in words: " + said);
}
await term.locator(".mat.out td[tabindex='0']").focus();
await page.keyboard.press("ArrowRight");
await page.keyboard.press("ArrowDown");
ok((await term.locator(".arith").innerText()).startsWith("row 2, column 2"), "arrows inside a matrix");
ok(await step() === linear, "arrows inside a matrix do not step");
// Every backward step of the data itself: incoming times local derivative is what was sent.
const sums = await page.evaluate(() => {
  const d = xgradExplorer.data, n = Object.fromEntries(d.nodes.map(k => [k.id, k]));
  let all = 0, wrong = 0;
  for (const s of d.steps) for (const t of s.terms || []) {
    const g = n[s.incoming[0]].grad.v, out = (t.sent || n[t.to].grad).v;
    out.forEach((v, i) => {
      const sum = column(t.local, i, g.length).reduce((a, e) => a + g[e.o] * e.w, 0);
      all++;
      if (!(Math.abs(sum - v) <= 1e-3 * Math.abs(v) + 1e-5)) wrong++;
    });
  }
  return [all, wrong];
});
ok(sums[0] > 40 && sums[1] === 0, `incoming x local = outgoing in ${sums[0]} cells, ${sums[1]} wrong`);
await go(await find("forward", "linear"));
await page.locator(".term .mat.out td[data-i='4']").hover();
const arith = (await text(".arith")).replace(/[−]/g, "-").replace(/[()]/g, ""), [sum, result] = arith.split(":")[1].split("=");
const product = t => t.split("·").reduce((p, f) => p * Number(f), 1);
ok(Math.abs(sum.split(" + ").reduce((s, t) => s + product(t), 0) - Number(result)) < .02, "forward arithmetic: " + arith);
ok((await page.locator(".rows .ok").count()) === 0, "no check before the gradient is there");
await page.setViewportSize({ width: 1100, height: 620 });
await go(linear);
ok(await page.locator("#panel.more").count() === 1, "what is below the panel's end is announced");
await page.locator("#panel").evaluate(e => e.scrollTo(0, e.scrollHeight));
await page.waitForFunction(() => !document.getElementById("panel").classList.contains("more"));
await page.setViewportSize({ width: 1440, height: 900 });
await go(last);
ok(await page.locator(".rows .ok").count() === 4, "four gradients agree with finite differences");
ok((await text(".rows .ok")).startsWith("✓"), "check mark");
ok((await text(".pars")).includes("difference to finite differences"), "what the check is");
const cramped = await page.evaluate(() => [...document.querySelectorAll(".rows tr")].filter(r => r.cells[3] && [...r.cells[3].childNodes].length && (() => { const q = document.createRange(); q.selectNodeContents(r.cells[3]); return q.getBoundingClientRect().right > r.cells[4].getBoundingClientRect().left; })()).length);
ok(cramped === 0, `${cramped} rows of the table run into the next column`);

// ---- graph: select, find, collapse, picture, address ----
const tanh = await page.evaluate(() => xgradExplorer.data.nodes.find(n => n.title === "tanh").id);
await page.locator("#" + tanh).click();
ok(await text("h2") === "tanh" && await count(".mat.x") === 2, "a node shows value and gradient");
await page.keyboard.press("Escape");
ok(await text("h2") !== "tanh", "Escape goes back to the step");
await page.keyboard.press("/");
await page.keyboard.type("bias");
ok(await count("#stage .hit") === 2, "find");
await page.keyboard.press("Escape");
await page.keyboard.press("c");
ok(await count(".folder") === 2, "modules collapse");
ok((await page.evaluate(() => location.hash)).includes("collapse=Sequential.fc1"), "the address says so");
await page.locator(".folder").first().press("Enter");
ok(await count(".folder") === 1, "a module opens by the keyboard");
await page.keyboard.press("c");
await page.locator("#box-" + await page.evaluate(() => xgradExplorer.data.modules.find(m => m.path === "Sequential.fc2").id)).press("Enter");
ok(await count(".folder") === 1 && await count("#stage .node") > 5, "one module collapses");
const [file] = await Promise.all([page.waitForEvent("download"), page.click("#save")]);
const svg = fs.readFileSync(await file.path(), "utf8");
ok(svg.startsWith("<svg") && svg.includes("stroke: rgb") && file.suggestedFilename() === `xgrad-step-${await step()}.svg`, "the step as a picture");
await open("mlp", `#step=${linear}&theme=dark&node=${tanh}&collapse=Sequential.fc1`);
ok(await step() === linear && await text("h2") === "tanh" && await count(".folder") === 1, "deep link");
ok(await page.evaluate(() => document.documentElement.dataset.theme) === "dark", "dark by the address");
await page.keyboard.press("d");
ok(await page.evaluate(() => document.documentElement.dataset.theme) === "light", "d");
await page.keyboard.press("?");
ok(await page.locator("#dlg").evaluate(e => e.open), "help");
await page.keyboard.press("Escape");
await page.keyboard.press("+");
await page.keyboard.press("0");

// ---- quiz ----
await open("mlp");
await page.keyboard.press("q");
ok(await count(".quiz fieldset") === 1 && await text("h2") === "mse_loss", "the quiz asks first");
ok(await count(".map.grad .ink") === 1, "and keeps the answer out of the picture");
await page.evaluate(() => { const q = xgradExplorer.state.quiz.now; document.querySelector(`[data-first="${q.nodes.findIndex(n => q.right.includes(n))}"]`).click(); });
ok(await count(".quiz fieldset") === 2, "then what the gradient is");
const choices = await page.locator("[data-second]").allInnerTexts();
ok(new Set(choices).size === choices.length && choices.length >= 3, "different numbers to choose from: " + choices);
// The right answer by hand: dL/dy is 2 (y - t) / N.
const byHand = await page.evaluate(() => {
  const d = xgradExplorer.data, q = xgradExplorer.state.quiz.now, y = d.nodes.find(n => n.title === "sigmoid").value.v, t = d.nodes.find(n => n.title === "y").value.v;
  return 2 * (y[q.at] - t[q.at]) / 4;
});
const right = await page.evaluate(() => xgradExplorer.state.quiz.now.value);
ok(near(byHand, right), `the answer ${right} is ${byHand}`);
await page.evaluate(() => { const q = xgradExplorer.state.quiz.now; document.querySelector(`[data-second="${q.values.findIndex(v => v !== q.value)}"]`).click(); });
ok((await text("#score")) === "quiz 1 of 2 right", "score: " + await text("#score"));
ok((await text(".quiz")).includes("It is"), "a wrong answer is corrected");
await page.click("#reveal");
ok(await count(".term[data-k]") === 1 && await count(".map.grad .ink") === 2, "then the step is shown");
await page.keyboard.press("q");
ok(!(await page.locator("#score").isVisible()), "the quiz ends");

// ---- accumulation and time ----
await open("recurrent");
const uses = await page.evaluate(() => {
  const d = xgradExplorer.data, n = Object.fromEntries(d.nodes.map(k => [k.id, k]));
  return d.steps.flatMap((s, i) => (s.terms || []).filter(t => t.to && n[t.to].title === "W").map(t => ({ i, use: t.use, uses: t.uses, so: t.so_far && t.so_far.v, sent: t.sent.v, total: t.total.v, grad: n[t.to].grad.v })));
});
ok(uses.length === 5 && uses.every((u, k) => u.use === k + 1 && u.uses === 5), "W is used five times");
ok(uses.every(u => u.total.every((v, i) => Math.abs((u.so ? u.so[i] : 0) + u.sent[i] - v) < 1e-4)), "so far + this use = sum");
ok(uses[4].total.every((v, i) => near(v, uses[4].grad[i])), "the last sum is the gradient");
await go(uses[1].i);
ok((await page.locator(".sum").allInnerTexts()).some(t => t.includes("2 of 5 uses")), "the card says which use");
ok((await page.locator(".rows").innerText()).includes("2 of 5 uses"), "so does the table");
await go(1e6);
const strips = await page.locator(".through").evaluateAll(all => all.map(e => [e.querySelector("h3").textContent, e.querySelectorAll("td").length]));
ok(strips.length >= 3 && strips.every(s => s[1] === 5), "a strip of five steps: " + strips);
const norms = await page.evaluate(() => xgradExplorer.data.nodes.filter(n => n.title === "tanh").map(n => Math.hypot(...n.grad.v)));
const strip = (await page.locator(".through", { hasText: "tanh" }).locator("td").allInnerTexts()).map(number);
ok(strip.every((v, i) => near(v, norms[i], .02)), `its cells are the norms: ${strip} ${norms}`);

// ---- what is cut does not lie under buttons or legend ----
const edges = await page.evaluate(() => ["tools", "stage", "legend"].map(id => document.getElementById(id).getBoundingClientRect()).map(r => [r.top, r.bottom]));
ok(edges[0][1] <= edges[1][0] && edges[1][1] <= edges[2][0] && edges[1][1] - edges[1][0] > 150, "buttons, graph and legend below one another: " + edges);

// ---- an unfolded LSTM: a gate of its second step, and the gradient through it, recomputed from the weights ----
await open("lstm");
const gate = await page.evaluate(() => {
  const d = xgradExplorer.data, named = name => d.nodes.find(n => n.name === name), titled = t => d.nodes.find(n => n.title.endsWith(t));
  const [wi, wh, bi, bh] = ["weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"].map(t => titled(t).value.v);
  const x = titled("x₂").value.v, h = named("h₁").value.v, c = named("c₁").value.v, f = named("f₂");
  // Where most flows through the forget gate, whose rows of the weights are the second three; x₂ is (2, 2), h₁ is (2, 3).
  const flow = named("c₂").grad.v.map((g, i) => g * c[i]), at = flow.reduce((most, v, i) => Math.abs(v) > Math.abs(flow[most]) ? i : most, 0);
  const s = Math.floor(at / 3), r = 3 + at % 3;
  let z = bi[r] + bh[r];
  for (let j = 0; j < 2; j++) z += wi[r * 2 + j] * x[s * 2 + j];
  for (let j = 0; j < 3; j++) z += wh[r * 3 + j] * h[s * 3 + j];
  const y = 1 / (1 + Math.exp(-z));
  const step = phase => d.steps.findIndex(e => e.phase === phase && e.node === f.id);
  return { at, z, y, recorded: f.value.v[at], incoming: flow[at], slope: y * (1 - y), forward: step("forward"), backward: step("backward") };
});
ok(near(gate.y, gate.recorded), `the forget gate is the sigmoid of its sum: ${gate.y} ${gate.recorded}`);
await go(gate.forward);
await page.locator(`.term .mat.out td[data-i='${gate.at}']`).hover();
ok(near(number(await text(`.term .mat.out td[data-i='${gate.at}']`)), gate.y, 1e-2), "its cell shows that number");
ok(near(number(await text(".term .mat td.use")), gate.z, 5e-2), "and the one it came from: " + gate.z);
await go(gate.backward);
await page.locator(`.term .mat.out td[data-i='${gate.at}']`).hover();
const through = (await text(".arith")).replace(/[−]/g, "-").replace(/[()]/g, "").split(":")[1].split("="), factors = through[0].split("·").map(Number);
ok(factors.length === 2 && near(factors[0], gate.incoming, 5e-2), `what arrives at f₂ is dL/dc₂ times c₁: ${factors} ${gate.incoming}`);
ok(near(factors[1], gate.slope, 1e-2), `its slope is f (1 − f): ${factors} ${gate.slope}`);
ok(near(Number(through[1]), gate.incoming * gate.slope, 5e-2), `and their product is sent on: ${through}`);
const steps = await page.evaluate(() => xgradExplorer.data.modules.map(m => m.label));
ok(steps.some(l => l.includes("step 1")) && steps.some(l => l.includes("step 3")), "a box for each step: " + steps);
await go(1e6);
ok(await count(".rows .ok") === 4, "four gradients of the layer agree with finite differences");
await open("lstm_cell");
await go(await find("backward", "lstm_cell"));
const slopes = (await text(".term .eq")).replace(/\s/g, "");
ok(/𝐺𝑜=tanh/u.test(slopes) && /𝐷=𝜎/u.test(slopes), "a cell that is left whole has its slopes in symbols: " + slopes);

// ---- windows, large tensors, odd ones, no Graphviz ----
await open("convolution", `#step=${0}`);
await go(await find("forward", "conv2d"));
await page.locator(".term .mat.out td[data-i='5']").hover();
ok(await count(".mat.in0 td.use") === 9, "the window under the cursor");
await go(await find("backward", "conv2d"));
ok(await count(".pick .mat.local td.use") > 8, "where a pixel went");
await go(await find("backward", "max_pool2d"));
ok((await text(".what")).startsWith("Selection"), "max pool: " + await text(".what"));
await go(await find("forward", "max_pool2d"));
ok((await text(".arith")).includes("the marked number = "), "what is picked is marked: " + await text(".arith"));
ok(await count(".mat.in0 td.use") === 1, "one number");
await open("large");
ok((await page.evaluate(() => document.documentElement.outerHTML.length)) < 4e6, "at most 4 MB");
await go(await find("backward", "conv2d"));
ok((await text(".stats")).includes("means of blocks"), "blocks and statistics");
await open("odd");
for (let i = 0; i < 15; i++) await go(i);
ok(await page.evaluate(() => document.images.length) === 0 && await count("#stage .node.odd") > 0, "names stay names, NaN is marked");
// ---- equal steps in a row are one box, with a strip; it opens and closes ----
await open("long");
const fold = await page.evaluate(() => xgradExplorer.data.modules.find(m => m.strip));
ok(fold && fold.label === "39 steps like the next one" && fold.strip.length === 40, "39 of 40 steps are folded: " + JSON.stringify(fold));
const closed = page.locator("#" + fold.id);
ok(await closed.locator(".cell").count() === 40, "a cell for the gradient of each step");
ok(await count(".node") < 25, "a page that can be read: " + await count(".node"));
const carried = await page.evaluate(() => xgradExplorer.data.nodes.filter(n => n.title === "tanh").map(n => Math.hypot(...n.grad.v)));
ok(fold.strip.every((v, i) => near(v, carried[i], .02)), "its cells are the norms of dL/dh");
await go(3);
ok(await closed.evaluate(e => e.classList.contains("now")), "a step inside is shown at the box");
await closed.press("Enter");
ok(await count(".node") > 200, "opened: " + await count(".node"));
await page.locator("#box-" + fold.id).press("Enter");
ok(await count(".node") < 25, "and closed again");
await open("encoder");
ok((await page.evaluate(() => xgradExplorer.data.modules.filter(m => m.strip).map(m => m.label))).join() === "5 blocks like the next one", "so are equal layers");
await open("bare");
ok((await page.locator(".facts").innerText()).includes("Graphviz not found"), "without Graphviz the page says so");
ok(await count("#stage .node") === 10 && await count("#stage .edge path") === 9, "and draws the graph");
// ---- another gradient than 1 to begin with; what an operation was told ----
await open("seeded");
await go(await find("seed"));
const begins = (await text(".term .eq")).replace(/\s/g, "");
ok(begins.includes("=") && /5/.test(begins.split("=")[1]) && new Set(begins.split("=")[0].match(/∂\S/gu)).size === 2, "not ∂L/∂L = 5: " + begins);
const box = await page.evaluate(() => document.getElementById(xgradExplorer.data.nodes.find(n => n.title === "conv2d").id).textContent);
ok(box.includes("3×3 /2 pad 1"), "the box says what the convolution was told: " + box);
ok(/v\d/.test(box), "and what formulas call its result: " + box);
await go(await find("forward", "conv2d"));
ok((await text("h2")).includes("pad 1"), "so does the step");
await open("lambda");
await go(await find("backward", "my_swish"));
ok((await text(".what")).startsWith("Element by element"), "the user's own operation is stepped through");

// ---- for everybody: no violations in both themes ----
for (const theme of ["light", "dark"])
  for (const [name, steps] of [["mlp", [0, 9, "quiz"]], ["recurrent", [30, 44]], ["large", [9]], ["convolution", [1]], ["lstm", [20, 50]], ["lstm_cell", [5]]]) {
    await open(name, `#theme=${theme}`);
    await page.evaluate(axe);
    for (const k of steps) {
      if (k === "quiz") await page.evaluate(() => xgradExplorer.quiz());
      else await go(k);
      const r = await page.evaluate(() => axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"] }));
      for (const v of r.violations) console.log("axe", theme, name, k, v.id, v.nodes.length, v.nodes[0].html.slice(0, 160), (v.nodes[0].any[0] || {}).message || "");
      ok(r.violations.length === 0, `axe: ${theme} ${name} ${k}`);
    }
  }
ok(asked.every(u => u === "about:blank" || u.startsWith(`file://${folder}/`)), "no request: " + asked);
ok(said.length === 0, "no message: " + said.slice(0, 5).join(" | "));
console.log(`${checks} checks, ${failed} failed`);
await browser.close();
process.exit(failed ? 1 : 0);
